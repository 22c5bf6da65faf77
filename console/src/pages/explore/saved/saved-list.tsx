import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Bookmark, Lock, Pencil, Trash2, UsersRound } from "lucide-react";
import { useState } from "react";
import { useViewer } from "../../../app/context";
import type { PeriodName } from "../../../app/search";
import { Dialog } from "../../../parts/dialog";
import { TextField } from "../../../parts/field";
import { Icon } from "../../../parts/icon";
import { Empty, Failure, LoadingRows, Refusal } from "../../../parts/states";
import { Untrusted } from "../../../parts/untrusted";
import { plainly, shorten } from "../../../statement/visible";
import { tf } from "../../../text/figures/text";
import { locale, t } from "../../../text/text";
import { isOwn, mayChange } from "./form";
import { ChangeDialog } from "./question-dialog";
import { questionsQuery, useQuestionChanges, type Summary } from "./questions";

/** From how many questions on they are searched. */
const SEARCHED_MIN = 10;

type Act = { readonly kind: "change" | "remove"; readonly question: Summary };

/** The saved questions that the viewer sees: to open them, and to change those that they may change. */
export function SavedList({
  period,
  onRemoved,
  onClose,
}: {
  /** The period that is kept when a question without days of its own is opened. */
  period: PeriodName | undefined;
  onRemoved: (question: string) => void;
  onClose: () => void;
}) {
  const viewer = useViewer();
  const query = useQuery(questionsQuery(viewer.tenant));
  const [text, setText] = useState("");
  const [act, setAct] = useState<Act>();
  const [done, setDone] = useState("");
  const wanted = text.trim().toLocaleLowerCase();
  const found = (query.data ?? [])
    .filter(({ name, description }) => `${name}\n${description}`.toLocaleLowerCase().includes(wanted))
    .toSorted((one, other) => one.name.localeCompare(other.name, locale()));
  const end = (said: string) => {
    setAct(undefined);
    setDone(said);
  };
  return (
    <>
      <Dialog title={tf("saved.title")} onClose={onClose} wide>
        <div className="dialog-body">
          {query.data && query.data.length >= SEARCHED_MIN ? (
            <TextField label={tf("saved.find")} type="search" value={text} onChange={(event) => setText(event.target.value)} />
          ) : null}
          <p role="status" className={done ? "note good" : "sr"}>
            {done}
          </p>
          {query.isPending ? <LoadingRows rows={3} /> : null}
          {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
          {query.data?.length === 0 ? (
            <Empty icon={Bookmark} title={tf("saved.none")}>
              {viewer.may("save-questions") ? tf("saved.none.try") : tf("saved.none.shared")}
            </Empty>
          ) : null}
          {query.data && query.data.length > 0 && found.length === 0 ? <p className="faint">{tf("saved.noneFound")}</p> : null}
          {found.length > 0 ? (
            <ul className="ids" aria-label={tf("saved.title")}>
              {found.map((question) => (
                <Row key={question.id} question={question} period={period} onAct={setAct} onOpen={onClose} />
              ))}
            </ul>
          ) : null}
        </div>
      </Dialog>
      {act?.kind === "change" ? (
        <ChangeDialog question={act.question} onDone={({ name }) => end(tf("saved.changed", shownName(name)))} onClose={() => setAct(undefined)} />
      ) : null}
      {act?.kind === "remove" ? (
        <RemoveDialog
          question={act.question}
          onDone={() => {
            onRemoved(act.question.id);
            end(tf("saved.removed", shownName(act.question.name)));
          }}
          onClose={() => setAct(undefined)}
        />
      ) : null}
    </>
  );
}

/** A name for texts that take no elements. */
export function shownName(name: string): string {
  return plainly(shorten(name, 100));
}

function Row({ question, period, onAct, onOpen }: { question: Summary; period: PeriodName | undefined; onAct: (act: Act) => void; onOpen: () => void }) {
  const viewer = useViewer();
  const client = useQueryClient();
  const name = shownName(question.name);
  const isKnown = question.kind === "query";
  const seen = question.shared ? (isOwn(question, viewer) ? "mine" : "all") : "own";
  return (
    <li>
      <Icon of={question.shared ? UsersRound : Lock} />
      <span>
        {isKnown ? (
          <Link
            className="ent"
            to="/t/$tenant/explore"
            params={{ tenant: String(viewer.tenant) }}
            search={{ saved: question.id, period }}
            onClick={() => {
              // What somebody else has changed meanwhile is read again.
              void client.resetQueries({ queryKey: ["question", viewer.tenant, question.id] });
              onOpen();
            }}
          >
            <Untrusted said={question.name} max={200} />
          </Link>
        ) : (
          <b>
            <Untrusted said={question.name} max={200} />
          </b>
        )}
        {question.description ? (
          <small>
            <Untrusted said={question.description} max={300} />
          </small>
        ) : null}
        <small>
          {tf(`saved.seen.${seen}`)}
          {isKnown ? "" : `. ${tf("saved.kind", question.kind === "sql" ? "SQL" : tf("saved.kind.analysis"))}`}
        </small>
      </span>
      {mayChange(question, viewer) ? (
        <span className="row">
          <button className="btn quiet icon sm" type="button" aria-label={tf("saved.change", name)} title={tf("saved.change.hint")} onClick={() => onAct({ kind: "change", question })}>
            <Icon of={Pencil} />
          </button>
          <button className="btn quiet icon sm" type="button" aria-label={tf("saved.remove", name)} title={t("source.remove")} onClick={() => onAct({ kind: "remove", question })}>
            <Icon of={Trash2} />
          </button>
        </span>
      ) : (
        <span />
      )}
    </li>
  );
}

function RemoveDialog({ question, onDone, onClose }: { question: Summary; onDone: () => void; onClose: () => void }) {
  const { tenant } = useViewer();
  const { remove } = useQuestionChanges(tenant);
  return (
    <Dialog title={tf("saved.remove.title", shownName(question.name))} onClose={onClose}>
      <form
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          void remove.mutateAsync(question.id).then(onDone, () => undefined);
        }}
      >
        <p>{question.shared ? tf("saved.remove.shared") : tf("saved.remove.own")}</p>
        <Refusal error={remove.error} />
        <div className="row end">
          <button className="btn" type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button className="btn solid-bad" type="submit" disabled={remove.isPending}>
            {t("source.remove")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
