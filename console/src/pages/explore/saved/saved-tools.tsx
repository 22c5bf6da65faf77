import { useQuery } from "@tanstack/react-query";
import { Bookmark } from "lucide-react";
import { useState } from "react";
import { areFactsOff, factsStateQuery } from "../../../api/facts";
import { useViewer } from "../../../app/context";
import { daysOf, type ExploreSearch, type PeriodName } from "../../../app/search";
import { Icon } from "../../../parts/icon";
import { useToast } from "../../../parts/toast";
import { tf } from "../../../text/figures/text";
import type { Built } from "../question";
import { isSame, mayChange, toSaved } from "./form";
import { SaveDialog } from "./question-dialog";
import { draftOf, type QuestionChange, type Saved } from "./questions";
import { SavedList, shownName } from "./saved-list";

/** Saves what the page asks, and opens what was saved. */
export function SavedTools({
  built,
  period,
  saved,
  isAsked,
  change,
  onChange,
}: {
  built: Built;
  period: PeriodName;
  /** The saved question that is open. */
  saved: Saved | undefined;
  /** Whether the page asks something that can be saved. */
  isAsked: boolean;
  change: QuestionChange;
  onChange: (changed: Partial<ExploreSearch>) => void;
}) {
  const viewer = useViewer();
  const toast = useToast();
  const facts = useQuery(factsStateQuery(viewer.tenant));
  const [dialog, setDialog] = useState<"save" | "list">();
  const end = () => setDialog(undefined);
  // Without facts, the server answers no question.
  if (areFactsOff(facts.error)) return null;
  const query = toSaved(built, period, saved?.question.query ?? undefined);
  const saveChanges = (known: Saved) => {
    const body = { ...draftOf(known.question), query };
    const onSuccess = () => toast({ text: tf("saved.done", shownName(known.question.name)) });
    change.mutate({ id: known.question.id, version: known.version, body }, { onSuccess });
  };
  return (
    <>
      {saved && mayChange(saved.question, viewer) ? (
        <button
          className="btn primary"
          type="button"
          disabled={change.isPending || !saved.question.query || isSame(query, saved.question.query)}
          onClick={() => saveChanges(saved)}
        >
          {tf("saved.act.changes")}
        </button>
      ) : null}
      {isAsked && viewer.may("save-questions") ? (
        <button className="btn" type="button" onClick={() => setDialog("save")}>
          {saved ? tf("saved.act.new") : tf("saved.act")}
        </button>
      ) : null}
      <button className="btn" type="button" onClick={() => setDialog("list")}>
        <Icon of={Bookmark} />
        {tf("saved.open")}
      </button>
      {dialog === "save" ? (
        <SaveDialog
          query={query}
          period={period}
          onDone={({ id, name }) => {
            end();
            onChange({ saved: id });
            toast({ text: tf("saved.done", shownName(name)) });
          }}
          onClose={end}
        />
      ) : null}
      {dialog === "list" ? (
        <SavedList
          period={daysOf(period) ? undefined : period}
          onRemoved={(id) => {
            if (saved?.question.id === id) onChange({ saved: undefined });
          }}
          onClose={end}
        />
      ) : null}
    </>
  );
}
