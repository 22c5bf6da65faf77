import { useState } from "react";
import type { Person } from "../../api/people";
import { Dialog } from "../../parts/dialog";
import { t } from "../../text/text";
import { GroupChoice, useGroupChoice } from "./group-choice";

/** Changes the groups about whose members an advisor may ask. */
export function GroupsDialog({ person, onSave, onClose }: { person: Person; onSave: (groups: string[]) => void; onClose: () => void }) {
  const [first] = useState(() => new Set(person.groups));
  const choice = useGroupChoice(first);
  return (
    <Dialog title={t("people.groups.title", person.display_name)} onClose={onClose}>
      <form
        className="dialog-body form start"
        onSubmit={(event) => {
          event.preventDefault();
          onSave(choice.chosen);
        }}
      >
        <GroupChoice choice={choice} />
        <div className="row end">
          <button className="btn" type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button className="btn primary" type="submit" disabled={!choice.isReady}>
            {t("action.save")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
