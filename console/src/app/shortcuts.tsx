import { useState } from "react";
import { Dialog } from "../parts/dialog";
import { CheckField } from "../parts/field";
import { t } from "../text/text";
import { areKeysOn, setKeysOn } from "./keys";
import type { Place } from "./navigation";

/** The keys of the console, and whether they are on. */
export default function Shortcuts({ places, onClose }: { places: Place[]; onClose: () => void }) {
  const [isOn, setIsOn] = useState(areKeysOn);
  const keys: [string, string][] = [
    [t("key.search"), t("keys.search")],
    ["/", t("keys.search")],
    ["F", t("keys.filter")],
    ["T", t("keys.time")],
    ["J  K", t("keys.rows")],
    ["Enter", t("keys.open")],
    ["Esc", t("keys.close")],
    [t("key.space"), t("keys.pause")],
    ["?", t("keys.help")],
    ...places.map((place): [string, string] => [`G ${place.key.toUpperCase()}`, place.name()]),
  ];
  return (
    <Dialog title={t("keys.title")} onClose={onClose}>
      <div className="dialog-body">
        <CheckField
          label={t("keys.on")}
          checked={isOn}
          onChange={(event) => {
            setKeysOn(event.target.checked);
            setIsOn(event.target.checked);
          }}
        />
        <dl className="keys">
          {keys.map(([key, what]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </div>
    </Dialog>
  );
}
