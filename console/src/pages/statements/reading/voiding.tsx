import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Ban } from "lucide-react";
import { useState } from "react";
import { faultAt } from "../../../api/problem";
import { statementQuery } from "../../../api/statements";
import { useVoiding } from "../../../api/voiding";
import { useViewer } from "../../../app/context";
import { Dialog } from "../../../parts/dialog";
import { TextField } from "../../../parts/field";
import { Icon } from "../../../parts/icon";
import { Refusal } from "../../../parts/states";
import { useToast } from "../../../parts/toast";
import { Untrusted } from "../../../parts/untrusted";
import { voidedBy } from "../../../statement/voiding";
import { exact } from "../../../text/format";
import { tp } from "../../../text/pages/text";
import { t } from "../../../text/text";

/** The longest reason, as the server takes it. */
const REASON_CHARS_MAX = 500;

/** Says that a statement is voided; and who voided it, when and why, once that is known. */
export function VoidedNote({ voiding }: { voiding: string | null | undefined }) {
  return (
    <div className="note bad voided-note">
      <Icon of={Ban} />
      <span>
        <b>{tp("record.voided")}</b> {tp("record.voided.how")}
        {voiding ? <VoidedBy voiding={voiding} /> : null}
      </span>
    </div>
  );
}

function VoidedBy({ voiding }: { voiding: string }) {
  const { tenant } = useViewer();
  const statement = useQuery(statementQuery(tenant, voiding)).data?.statement;
  if (!statement) return null;
  const { who, when, why } = voidedBy(statement);
  return (
    <>
      {why ? (
        <q className="why">
          <Untrusted said={why} max={600} />
        </q>
      ) : null}
      <small>
        <Untrusted said={who} max={120} />
        {when ? (
          <>
            , <time dateTime={when}>{exact(when)}</time>
          </>
        ) : null}{" "}
        <Link className="link" from="/t/$tenant/statements" to="/t/$tenant/statements" search={(known) => ({ ...known, s: voiding })} preload={false}>
          {tp("void.statement")}
        </Link>
      </small>
    </>
  );
}

/** A button that asks for a reason, and then voids a statement. */
export function VoidButton({ id, onDone }: { id: string; onDone: () => void }) {
  const [isAsking, setIsAsking] = useState(false);
  return (
    <>
      <button className="btn sm danger" type="button" onClick={() => setIsAsking(true)}>
        <Icon of={Ban} />
        {tp("void.act")}
      </button>
      {isAsking ? <VoidDialog id={id} onDone={onDone} onClose={() => setIsAsking(false)} /> : null}
    </>
  );
}

function VoidDialog({ id, onDone, onClose }: { id: string; onDone: () => void; onClose: () => void }) {
  const { tenant } = useViewer();
  const toast = useToast();
  const voiding = useVoiding(tenant, id);
  const [reason, setReason] = useState("");
  const submit = async () => {
    await voiding.mutateAsync(reason.trim());
    toast({ text: tp("void.done") });
    onClose();
    onDone();
  };
  return (
    <Dialog title={tp("void.title")} onClose={onClose}>
      <form
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit().catch(() => undefined);
        }}
      >
        <p>{tp("void.effect")}</p>
        <TextField
          label={tp("void.reason")}
          hint={tp("void.reason.hint")}
          required
          pattern=".*\S.*"
          maxLength={REASON_CHARS_MAX}
          autoComplete="off"
          value={reason}
          error={faultAt(voiding.error, "/reason")}
          onChange={(event) => setReason(event.target.value)}
        />
        <Refusal error={voiding.error} />
        <div className="row end">
          <button className="btn" type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button className="btn solid-bad" type="submit" disabled={voiding.isPending}>
            {tp("void.confirm")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
