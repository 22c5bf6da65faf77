import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Question } from "../../../api/facts";
import { faultAt } from "../../../api/problem";
import { useViewer } from "../../../app/context";
import type { PeriodName } from "../../../app/search";
import { Dialog } from "../../../parts/dialog";
import { CheckField, TextAreaField, TextField } from "../../../parts/field";
import { Failure, LoadingRows, Refusal } from "../../../parts/states";
import { plainly, shorten } from "../../../statement/visible";
import { tf } from "../../../text/figures/text";
import { t } from "../../../text/text";
import { daysName } from "./days";
import { isOwn } from "./form";
import { draftOf, isOutdated, questionQuery, useQuestionChanges, type Saved, type Summary } from "./questions";

const NAME_MAX = 200;
const DESCRIPTION_MAX = 2_000;

/** Saves the question of the page under a name. */
export function SaveDialog({
  query,
  period,
  onDone,
  onClose,
}: {
  query: Question;
  period: PeriodName;
  onDone: (saved: Saved["question"]) => void;
  onClose: () => void;
}) {
  const { tenant } = useViewer();
  const { save } = useQuestionChanges(tenant);
  const days = daysName(period);
  return (
    <Dialog title={tf("saved.save.title")} onClose={onClose}>
      <Form
        first={{ name: "", description: "", shared: false }}
        mayShare
        note={days ? tf("saved.days", days) : tf("saved.noDays")}
        error={save.error}
        isBusy={save.isPending}
        onSubmit={async (said) => onDone((await save.mutateAsync({ ...said, query })).question)}
        onClose={onClose}
      />
    </Dialog>
  );
}

/** Changes the name of a saved question, what it is for, and who sees it. */
export function ChangeDialog({ question, onDone, onClose }: { question: Summary; onDone: (changed: Saved["question"]) => void; onClose: () => void }) {
  const viewer = useViewer();
  const { change } = useQuestionChanges(viewer.tenant);
  const read = useQuery(questionQuery(viewer.tenant, question.id, "form"));
  const found = read.data;
  return (
    <Dialog title={tf("saved.change.title", plainly(shorten(question.name, 100)))} onClose={onClose}>
      {read.isPending ? <LoadingRows rows={3} /> : null}
      {read.isError ? <Failure error={read.error} onRetry={() => void read.refetch()} /> : null}
      {found ? (
        <Form
          key={found.version}
          first={found.question}
          mayShare={isOwn(found.question, viewer)}
          note={isOwn(found.question, viewer) ? undefined : tf("saved.ofOthers")}
          error={change.error}
          isBusy={change.isPending}
          onReload={() => {
            change.reset();
            void read.refetch();
          }}
          onSubmit={async (said) => {
            const body = { ...draftOf(found.question), ...said };
            onDone((await change.mutateAsync({ id: question.id, version: found.version, body })).question);
          }}
          onClose={onClose}
        />
      ) : null}
    </Dialog>
  );
}

interface SaidOf {
  readonly name: string;
  readonly description: string;
  readonly shared: boolean;
}

function Form({
  first,
  mayShare,
  note,
  error,
  isBusy,
  onReload,
  onSubmit,
  onClose,
}: {
  first: SaidOf;
  /** Whether the viewer says who sees it. */
  mayShare: boolean;
  note: string | undefined;
  error: unknown;
  isBusy: boolean;
  /** Reads again what somebody else has changed. */
  onReload?: () => void;
  onSubmit: (said: SaidOf) => Promise<void>;
  onClose: () => void;
}) {
  const [name, setName] = useState(first.name);
  const [description, setDescription] = useState(first.description);
  const [shared, setShared] = useState(first.shared);
  return (
    <form
      className="dialog-body form"
      onSubmit={(event) => {
        event.preventDefault();
        void onSubmit({ name: name.trim(), description: description.trim(), shared }).catch(() => undefined);
      }}
    >
      <TextField label={tf("saved.name")} required maxLength={NAME_MAX} value={name} error={faultAt(error, "/name")} onChange={(event) => setName(event.target.value)} />
      <TextAreaField
        label={tf("saved.description")}
        hint={tf("saved.description.hint")}
        rows={3}
        maxLength={DESCRIPTION_MAX}
        value={description}
        error={faultAt(error, "/description")}
        onChange={(event) => setDescription(event.target.value)}
      />
      {mayShare ? <CheckField label={tf("saved.share")} hint={tf("saved.share.hint")} checked={shared} onChange={(event) => setShared(event.target.checked)} /> : null}
      {note ? <p className="faint">{note}</p> : null}
      {onReload && isOutdated(error) ? <Outdated text={tf("saved.outdated.form")} label={tf("saved.outdated.read")} onReload={onReload} /> : <Refusal error={error} />}
      <div className="row end">
        <button className="btn" type="button" onClick={onClose}>
          {t("action.cancel")}
        </button>
        <button className="btn primary" type="submit" disabled={isBusy || name.trim() === ""}>
          {t("action.save")}
        </button>
      </div>
    </form>
  );
}

/** Somebody else has changed the question since it was read: nothing was saved. */
export function Outdated({ text, label, onReload }: { text: string; label: string; onReload: () => void }) {
  return (
    <div className="note bad" role="alert">
      <span>
        <b>{tf("saved.outdated")}</b> {text}
      </span>
      <button className="btn sm end" type="button" onClick={onReload}>
        {label}
      </button>
    </div>
  );
}
