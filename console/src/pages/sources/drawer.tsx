import { X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { Credential } from "../../api/credentials";
import { useViewer } from "../../app/context";
import { Dialog } from "../../parts/dialog";
import { SelectField } from "../../parts/field";
import { Icon } from "../../parts/icon";
import { Refusal } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { ago, count, moment } from "../../text/format";
import { tp } from "../../text/pages/text";
import { t } from "../../text/text";
import { Arrivals } from "./arrivals";
import { useCredentialChanges } from "./changes";
import { isSilent } from "./refused";
import { RefusalList } from "./refusals";
import type { Silence } from "./sources";
import { PRODUCTS, type Product } from "./products";
import { RestrictFields, restrictionsOf } from "./restrict";
import { RightsSentence } from "./rights";
import { ProductChoice, Settings } from "./secret";

type Act = "change" | "rotate" | "remove" | undefined;

/** One credential: what it may do, and what can be done with it. */
export function SourceDrawer({ credential, silence, onClose }: { credential: Credential; silence: Silence | undefined; onClose: () => void }) {
  const { may } = useViewer();
  const [act, setAct] = useState<Act>();
  const [secret, setSecret] = useState<string>();
  const drawer = useRef<HTMLElement>(null);
  useEffect(() => {
    drawer.current?.focus({ preventScroll: true });
  }, []);
  const old = credential.secrets.find((known) => known.expires);
  return (
    <aside className="drawer" aria-label={credential.label} tabIndex={-1} ref={drawer}>
      <header>
        <b className="clip">
          <bdi>{credential.label}</bdi>
        </b>
        <div className="tools">
          <button className="btn quiet icon sm" type="button" aria-label={t("action.close")} onClick={onClose}>
            <Icon of={X} />
          </button>
        </div>
      </header>
      <div className="pad-2">
        <RightsSentence credential={credential} />
      </div>
      <dl className="meta">
        <div>
          <dt>{t("source.key")}</dt>
          <dd className="mono">{credential.key}</dd>
        </div>
        <div>
          <dt>{t("source.created")}</dt>
          <dd>{moment(credential.created)}</dd>
        </div>
        <div>
          <dt>{t("source.lastUsed")}</dt>
          <dd>{credential.last_used ? `${moment(credential.last_used)}, ${ago(credential.last_used)}` : t("source.never")}</dd>
        </div>
        {silence?.usual_days ? (
          <div>
            <dt>{tp("silence.usual")}</dt>
            <dd>
              {silence.usual_days <= 1 ? tp("silence.usual.day") : tp("silence.usual.days", count(silence.usual_days))}
              {isSilent(credential, silence) ? (
                <small>
                  {" "}
                  <b className="bad">{tp("silence.days", silence.quiet_days)}</b>
                </small>
              ) : null}
            </dd>
          </div>
        ) : null}
        {old?.expires ? (
          <div>
            <dt>{t("source.rotation")}</dt>
            <dd>{t("source.rotation.until", moment(old.expires))}</dd>
          </div>
        ) : null}
      </dl>
      {secret ? <NewSecret credential={credential} secret={secret} /> : null}
      <RefusalList credential={credential} />
      {may("write-credentials") ? (
        <>
          <Arrivals credential={credential} secret={secret} />
          <footer>
            <button className="btn sm" type="button" onClick={() => setAct("change")}>
              {t("source.change")}
            </button>
            <button className="btn sm" type="button" onClick={() => setAct("rotate")}>
              {t("source.rotate")}
            </button>
            <button className="btn sm danger" type="button" onClick={() => setAct("remove")}>
              {t("source.remove")}
            </button>
          </footer>
        </>
      ) : null}
      {act === "change" ? <ChangeDialog credential={credential} onClose={() => setAct(undefined)} /> : null}
      {act === "rotate" ? (
        <RotateDialog
          credential={credential}
          onClose={() => setAct(undefined)}
          onDone={(made) => {
            setSecret(made);
            setAct(undefined);
          }}
        />
      ) : null}
      {act === "remove" ? <RemoveDialog credential={credential} onClose={() => setAct(undefined)} onDone={onClose} /> : null}
    </aside>
  );
}

function NewSecret({ credential, secret }: { credential: Credential; secret: string }) {
  const [product, setProduct] = useState<Product>(PRODUCTS[0] as Product);
  return (
    <div className="pad-2 new-secret">
      <ProductChoice chosen={product.id} onChoose={setProduct} />
      <Settings access={{ endpoint: `${window.location.origin}/xapi`, key: credential.key, secret }} product={product} />
    </div>
  );
}

function ChangeDialog({ credential, onClose }: { credential: Credential; onClose: () => void }) {
  const { tenant } = useViewer();
  const { change } = useCredentialChanges(tenant);
  const toast = useToast();
  const before = restrictionsOf(credential);
  const [value, setValue] = useState(before);
  const submit = async () => {
    await change.mutateAsync({ key: credential.key, body: value });
    onClose();
    toast({ text: t("source.changed", value.label), undo: () => change.mutate({ key: credential.key, body: before }) });
  };
  return (
    <Dialog title={t("source.change.title", credential.label)} onClose={onClose}>
      <form
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit().catch(() => undefined);
        }}
      >
        <RestrictFields value={value} error={change.error} onChange={setValue} />
        <Refusal error={change.error} />
        <Buttons onClose={onClose} isBusy={change.isPending} label={t("action.save")} />
      </form>
    </Dialog>
  );
}

function RotateDialog({
  credential,
  onClose,
  onDone,
}: {
  credential: Credential;
  onClose: () => void;
  onDone: (secret: string) => void;
}) {
  const { tenant } = useViewer();
  const { rotate } = useCredentialChanges(tenant);
  const [overlap, setOverlap] = useState(86_400);
  const submit = async () => {
    const rotated = await rotate.mutateAsync({ key: credential.key, overlap });
    onDone(rotated.secret ?? "");
  };
  return (
    <Dialog title={t("rotate.title", credential.label)} onClose={onClose}>
      <form
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit().catch(() => undefined);
        }}
      >
        <p>{t("rotate.effect")}</p>
        <SelectField label={t("rotate.overlap")} value={overlap} onChange={(event) => setOverlap(Number(event.target.value))}>
          <option value={0}>{t("rotate.none")}</option>
          <option value={3_600}>{t("rotate.hour")}</option>
          <option value={86_400}>{t("rotate.day")}</option>
          <option value={604_800}>{t("rotate.week")}</option>
          <option value={2_592_000}>{t("rotate.month")}</option>
        </SelectField>
        <Refusal error={rotate.error} />
        <Buttons onClose={onClose} isBusy={rotate.isPending} label={t("source.rotate")} />
      </form>
    </Dialog>
  );
}

function RemoveDialog({ credential, onClose, onDone }: { credential: Credential; onClose: () => void; onDone: () => void }) {
  const { tenant } = useViewer();
  const { remove } = useCredentialChanges(tenant);
  const toast = useToast();
  const submit = async () => {
    await remove.mutateAsync(credential.key);
    toast({ text: t("source.removed", credential.label) });
    onDone();
  };
  return (
    <Dialog title={t("remove.title", credential.label)} onClose={onClose}>
      <form
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit().catch(() => undefined);
        }}
      >
        <p>{t("remove.effect")}</p>
        <Refusal error={remove.error} />
        <Buttons onClose={onClose} isBusy={remove.isPending} label={t("source.remove")} isBad />
      </form>
    </Dialog>
  );
}

export function Buttons({ onClose, isBusy, label, isBad = false }: { onClose: () => void; isBusy: boolean; label: string; isBad?: boolean }) {
  return (
    <div className="row end">
      <button className="btn" type="button" onClick={onClose}>
        {t("action.cancel")}
      </button>
      <button className={`btn ${isBad ? "solid-bad" : "primary"}`} type="submit" disabled={isBusy}>
        {label}
      </button>
    </div>
  );
}
