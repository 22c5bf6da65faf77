import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { FileQuestionMark, Plus, X } from "lucide-react";
import { useState } from "react";
import { useViewer } from "../../app/context";
import type { ExploreSearch, PeriodName } from "../../app/search";
import { useTitle } from "../../app/title";
import { CopyButton } from "../../parts/copy";
import { Dialog } from "../../parts/dialog";
import { SelectField, TextField } from "../../parts/field";
import { Icon } from "../../parts/icon";
import { Empty, Failure, LoadingRows, NotPermitted, Refusal } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { plainly, shorten } from "../../statement/visible";
import { CONDITION_FIELDS, isTruth, OPERATORS, writeWhere, type ConditionField, type Operator, type Where } from "../../statement/where";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { WithFacts } from "../overview/facts-state";
import { rangeOf } from "../overview/overview";
import { periodOf } from "../overview/period";
import { PeriodChoice } from "../overview/period-choice";
import { GROUP_FIELDS, MEASURES, measureTitle, type GroupField, type MeasureName } from "./fields";
import { readBuilt, type Built } from "./question";
import { Result } from "./result";
import { useOpened } from "./saved/opened";
import { Outdated } from "./saved/question-dialog";
import { isOutdated, useQuestionChanges } from "./saved/questions";
import { shownName } from "./saved/saved-list";
import { SavedTools } from "./saved/saved-tools";

/** My own question: measures, what the rows are, conditions; as chart and as table. */
export function ExplorePage() {
  const viewer = useViewer();
  if (!viewer.may("ask-questions")) return <NotOpen />;
  return <Explore />;
}

function NotOpen() {
  const { role } = useViewer();
  useTitle(t("nav.explore"));
  return <NotPermitted role={role} right="ask-questions" />;
}

function Explore() {
  const { tenant } = useViewer();
  const client = useQueryClient();
  const search = useSearch({ from: "/shell/t/$tenant/explore" });
  const navigate = useNavigate({ from: "/t/$tenant/explore" });
  const built = readBuilt(search);
  const name: PeriodName = search.period ?? "90d";
  const period = periodOf(name);
  const change = (changed: Partial<ExploreSearch>) => void navigate({ search: (known) => ({ ...known, ...changed }) });
  const { change: changing } = useQuestionChanges(tenant);
  const { read, saved, isUnfilled } = useOpened(search, (filled) => void navigate({ search: filled, replace: true }));
  const openTheirs = () => {
    changing.reset();
    void client.resetQueries({ queryKey: ["question", tenant, search.saved] });
    void navigate({ search: ({ saved, period }) => ({ saved, period }) });
  };
  useTitle(saved ? shownName(saved.question.name) : t("nav.explore"));
  return (
    <>
      <div className="head">
        {saved ? (
          <p className="crumb">
            <Link to="/t/$tenant/explore" params={{ tenant: String(tenant) }}>
              {t("nav.explore")}
            </Link>
          </p>
        ) : null}
        <h1>{saved ? <Untrusted said={saved.question.name} max={200} /> : t("nav.explore")}</h1>
        <div className="tools">
          <PeriodChoice period={name} onChoose={(chosen) => change({ period: chosen })} />
          <SavedTools built={built} period={name} saved={isUnfilled ? undefined : saved} isAsked={!isUnfilled} change={changing} onChange={change} />
          <CopyButton label={t("explore.copyLink")} text={() => window.location.href} />
        </div>
      </div>
      <p className="under-head">
        {rangeOf(period)}
        {saved?.question.description ? (
          <>
            {" · "}
            <Untrusted said={saved.question.description} max={600} />
          </>
        ) : null}
      </p>
      {changing.isError && changing.variables.id === search.saved ? <NotSaved error={changing.error} onOpen={openTheirs} /> : null}
      <WithFacts>
        {isUnfilled ? (
          <section className="sheet">
            {read.isPending ? <LoadingRows rows={8} /> : null}
            {read.isError ? <Failure error={read.error} onRetry={() => void read.refetch()} /> : null}
            {read.isSuccess && !saved ? (
              <Empty icon={FileQuestionMark} title={tf("saved.notHere")}>
                {tf("saved.notHere.try")}
              </Empty>
            ) : null}
          </section>
        ) : (
          <div className="grid builder">
            <Builder built={built} search={search} onChange={change} />
            <Result built={built} period={period} chart={search.chart} onChange={change} />
          </div>
        )}
      </WithFacts>
    </>
  );
}

/** Why changes of a saved question were not saved. */
function NotSaved({ error, onOpen }: { error: unknown; onOpen: () => void }) {
  return (
    <div className="behind">
      {isOutdated(error) ? <Outdated text={tf("saved.outdated.page")} label={tf("saved.outdated.open")} onReload={onOpen} /> : <Refusal error={error} />}
    </div>
  );
}

function Builder({ built, search, onChange }: { built: Built; search: ExploreSearch; onChange: (changed: Partial<ExploreSearch>) => void }) {
  const [isOpen, setIsOpen] = useState(false);
  const setMeasures = (measures: readonly MeasureName[]) => onChange({ m: measures.join(",") });
  return (
    <section className="sheet" aria-label={t("explore.question")}>
      <header>
        <h2>{t("explore.question")}</h2>
      </header>
      <div className="pad form">
        <fieldset className="plain">
          <legend>{t("explore.measures")}</legend>
          {built.measures.map((measure, index) => (
            <div key={`${measure} ${index}`} className="with-button">
              <select
                className="input"
                aria-label={t("explore.measure", index + 1)}
                value={measure}
                onChange={(event) => setMeasures(built.measures.map((known, at) => (at === index ? (event.target.value as MeasureName) : known)))}
              >
                {MEASURES.map((known) => (
                  <option key={known} value={known}>
                    {measureTitle(known)}
                  </option>
                ))}
              </select>
              {built.measures.length > 1 ? (
                <button
                  className="btn quiet icon sm"
                  type="button"
                  aria-label={t("explore.removeMeasure", measureTitle(measure))}
                  onClick={() => setMeasures(built.measures.filter((_, at) => at !== index))}
                >
                  <Icon of={X} />
                </button>
              ) : null}
            </div>
          ))}
          {built.measures.length < 4 ? (
            <button
              className="btn quiet sm"
              type="button"
              onClick={() => setMeasures([...built.measures, MEASURES.find((known) => !built.measures.includes(known)) ?? "count"])}
            >
              <Icon of={Plus} />
              {t("explore.addMeasure")}
            </button>
          ) : null}
        </fieldset>
        <SelectField label={t("explore.by")} value={built.by} onChange={(event) => onChange({ by: event.target.value, split: built.split === event.target.value ? undefined : built.split })}>
          <FieldOptions />
        </SelectField>
        <SelectField label={t("explore.split")} value={built.split ?? ""} onChange={(event) => onChange({ split: event.target.value || undefined })}>
          <option value="">{t("explore.noSplit")}</option>
          <FieldOptions except={built.by} />
        </SelectField>
        <div className="filters plain">
          {built.where.map((where) => {
            const text = writeWhere(where);
            return (
              <span key={text} className="chip">
                <span>{where.field}</span>
                <span>{t(`operator.${where.operator}`)}</span>
                <b className="clip">
                  <Untrusted said={where.value} max={60} />
                </b>
                <button type="button" aria-label={t("filter.remove", where.field)} onClick={() => onChange({ where: search.where?.filter((known) => known !== text) })}>
                  <Icon of={X} />
                </button>
              </span>
            );
          })}
          <button className="btn quiet sm" type="button" onClick={() => setIsOpen(true)}>
            <Icon of={Plus} />
            {t("explore.addCondition")}
          </button>
        </div>
      </div>
      <div className="pad words-of">
        <h3>{tf("explore.words.title")}</h3>
        <p>
          <bdi>{wordsOf(built)}</bdi>
        </p>
      </div>
      {isOpen ? (
        <ConditionDialog
          onClose={() => setIsOpen(false)}
          onAdd={(where) => {
            onChange({ where: [...new Set([...(search.where ?? []), writeWhere(where)])] });
            setIsOpen(false);
          }}
        />
      ) : null}
    </section>
  );
}

/** A question in words. */
function wordsOf(built: Built): string {
  const and = ` ${tf("explore.words.and")} `;
  const fields = [built.by, ...(built.split ? [built.split] : [])].map((field) => t(`field.${field}`));
  const where = built.where.map((one) => `${one.field} ${t(`operator.${one.operator}`)} “${plainly(shorten(one.value, 60))}”`);
  return tf("explore.words", built.measures.map(measureTitle).join(", "), fields.join(and), where.join(and));
}

function FieldOptions({ except }: { except?: GroupField }) {
  return GROUP_FIELDS.filter((field) => field !== except).map((field) => (
    <option key={field} value={field}>
      {t(`field.${field}`)}
    </option>
  ));
}

function ConditionDialog({ onClose, onAdd }: { onClose: () => void; onAdd: (where: Where) => void }) {
  const [field, setField] = useState<ConditionField>("verb");
  const [operator, setOperator] = useState<Operator>("=");
  const [value, setValue] = useState("");
  const isYesOrNo = isTruth(field);
  return (
    <Dialog title={t("explore.addCondition")} onClose={onClose}>
      <form
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          const given = isYesOrNo ? value || "true" : value.trim();
          if (given) onAdd({ field, operator, value: given });
        }}
      >
        <SelectField label={t("filter.field")} value={field} onChange={(event) => setField(event.target.value as ConditionField)}>
          {CONDITION_FIELDS.map((known) => (
            <option key={known}>{known}</option>
          ))}
        </SelectField>
        <SelectField label={t("explore.operator")} value={operator} onChange={(event) => setOperator(event.target.value as Operator)}>
          {OPERATORS.filter((known) => !isYesOrNo || known !== "~").map((known) => (
            <option key={known} value={known}>
              {t(`operator.${known}`)}
            </option>
          ))}
        </SelectField>
        {isYesOrNo ? (
          <SelectField label={t("explore.value")} value={value || "true"} onChange={(event) => setValue(event.target.value)}>
            <option>true</option>
            <option>false</option>
          </SelectField>
        ) : (
          <TextField label={t("explore.value")} required value={value} onChange={(event) => setValue(event.target.value)} />
        )}
        <div className="row end">
          <button className="btn primary" type="submit">
            {t("filter.apply")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
