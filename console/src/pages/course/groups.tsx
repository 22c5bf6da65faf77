import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { UsersRound } from "lucide-react";
import { useRef } from "react";
import { compareQuery } from "../../api/analyses";
import type { Schemas } from "../../api/client";
import { factsQuery, isWithheldAt, numberIn, rowsOf, withheldOf, type Question } from "../../api/facts";
import { attributesQuery } from "../../api/persons";
import { useViewer } from "../../app/context";
import type { ActivitySearch } from "../../app/search";
import { CsvButton } from "../../parts/csv-button";
import { AllWithheld, Notes } from "../../parts/partial";
import { Empty, Failure, LoadingRows } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { PictureButton } from "../../picture/picture-button";
import { HeatTable } from "../../sheets/heat-table";
import { ListSheet } from "../../sheets/list-sheet";
import { shorten } from "../../statement/visible";
import { count, length, percent, ratio, zone } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { finished, scopeOf } from "../activity/questions";
import { stepsOf, type Part } from "../activity/structure";
import { all, within, type Period } from "../overview/period";
import { FINISHED } from "../overview/questions";

/** The most groups in the table, and among those that are compared. */
const GROUPS_MAX = 30;
const COMPARED_MAX = 8;

type Change = (change: Partial<ActivitySearch>) => void;

/** How groups of learners do: who got how far, and by how much they differ. */
export function Groups({ id, period, parts, search, onChange }: { id: string; period: Period; parts: readonly Part[]; search: ActivitySearch; onChange: Change }) {
  const { tenant, may } = useViewer();
  const attributes = useQuery({ ...attributesQuery(tenant), enabled: may("read-persons") });
  if (attributes.isLoading) {
    return (
      <section className="sheet">
        <LoadingRows rows={6} />
      </section>
    );
  }
  // What a source is called is a group too, where nothing is known of persons.
  const fields = [...(attributes.data ?? []).map((name) => `person.${name}`), "platform"];
  const field = fields.find((known) => known === search.group) ?? fields[0] ?? "platform";
  const choice = (
    <select className="btn sm period" aria-label={tf("groups.by")} value={field} onChange={(event) => onChange({ group: event.target.value === fields[0] ? undefined : event.target.value })}>
      {fields.map((known) => (
        <option key={known} value={known}>
          {known === "platform" ? tf("platforms.platform") : shorten(known.slice("person.".length), 60)}
        </option>
      ))}
    </select>
  );
  return <Grouped key={field} id={id} period={period} parts={parts} field={field} choice={choice} isHinted={may("read-persons") && fields.length === 1} />;
}

/** For each group, how many there are, and how many have finished each step. */
function stepsQuestion(id: string, period: Period, field: string, steps: readonly Part[]): Question {
  const distinct = { measure: "distinct", of: "person" };
  return {
    measures: [
      { ...distinct, name: "learners" },
      ...steps.map((step, index) => ({ ...distinct, name: `step${index}`, where: { and: [FINISHED, { field: "object", is: step.id }] } })),
      { ...distinct, name: "finished", where: finished(id) },
    ],
    dimensions: [{ field, name: "group" }],
    where: all(scopeOf(id), { field, exists: true }, within(period)),
    order: [{ by: "learners", descending: true }],
    zone: zone(),
    limit: GROUPS_MAX,
  };
}

function Grouped({ id, period, parts, field, choice, isHinted }: { id: string; period: Period; parts: readonly Part[]; field: string; choice: React.ReactNode; isHinted: boolean }) {
  const { tenant } = useViewer();
  const shown = useRef<HTMLDivElement>(null);
  const steps = stepsOf(id, parts).slice(0, 10);
  const names = [...steps.map((_, index) => `step${index}`), "finished"];
  const query = useQuery({ ...factsQuery(tenant, stepsQuestion(id, period, field, steps)), placeholderData: keepPreviousData });
  const rows = query.data ? rowsOf(query.data) : [];
  const title = tf("groups.title");
  const isAllWithheld = rows.length === 0 && withheldOf(query.data) !== undefined;
  const shareOf = (at: number, name: string): number | null | undefined => {
    const row = rows[at] ?? {};
    if (isWithheldAt(query.data, at, name) || isWithheldAt(query.data, at, "learners")) return null;
    const learners = numberIn(row, "learners") ?? 0;
    return learners > 0 ? ((numberIn(row, name) ?? 0) / learners) * 100 : undefined;
  };
  const columns = [...steps.map((step) => shorten(step.name, 18)), t("funnel.finished")];
  return (
    <>
      <section className={`sheet ${query.isPlaceholderData ? "dimmed" : ""}`} aria-label={title}>
        <header>
          <h2>{title}</h2>
          <span className="sub">{tf("groups.sub")}</span>
          <div className="tools">
            {choice}
            {rows.length > 0 ? (
              <>
                <PictureButton title={title} file="groups.png" of={shown} />
                <CsvButton
                  title={title}
                  file="groups.csv"
                  rows={() => [
                    [tf("groups.group"), t("nav.learners"), ...steps.map((step) => step.name), t("funnel.finished")],
                    ...rows.map((row, at) => [row.group, ...["learners", ...names].map((name) => (isWithheldAt(query.data, at, name) ? t("withheld.word") : row[name]))]),
                  ]}
                />
              </>
            ) : null}
          </div>
        </header>
        {query.isPending ? <LoadingRows rows={6} /> : null}
        {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
        {query.data && isAllWithheld ? <AllWithheld answer={query.data} /> : null}
        {query.data && rows.length === 0 && !isAllWithheld ? (
          <Empty icon={UsersRound} title={tf("groups.none")}>
            {tf("groups.none.try")}
          </Empty>
        ) : null}
        {rows.length > 0 ? (
          <div className="pad" ref={shown}>
            <HeatTable
              caption={title}
              head={tf("groups.group")}
              sizeHead={t("nav.learners")}
              columns={columns}
              rows={rows.map((row, at) => ({
                key: String(row.group),
                name: <Untrusted said={String(row.group)} max={60} />,
                size: isWithheldAt(query.data, at, "learners") ? "–" : count(numberIn(row, "learners") ?? 0),
                cells: names.map((name) => shareOf(at, name)),
              }))}
            />
          </div>
        ) : null}
        {isHinted && rows.length > 0 ? <footer>{tf("groups.none.try")}</footer> : null}
        {isAllWithheld ? null : <Notes answer={query.data} />}
      </section>
      <div className="grid gap-before">
        <Compared id={id} period={period} field={field} values={rows.map((row) => String(row.group))} />
      </div>
    </>
  );
}

/** How groups differ from the largest one, and whether that may be chance. */
function Compared({ id, period, field, values }: { id: string; period: Period; field: string; values: readonly string[] }) {
  const { tenant } = useViewer();
  const groups = values.slice(0, COMPARED_MAX).map((value) => ({ name: shorten(value, 200), where: { field, is: value } }));
  const query = useQuery({ ...compareQuery(tenant, groups, all(scopeOf(id), within(period)), zone()), placeholderData: keepPreviousData });
  if (groups.length < 2) return null;
  const compared = query.data?.groups ?? [];
  return (
    <ListSheet
      title={tf("compare.title")}
      sub={groups[0] ? tf("compare.with", shorten(groups[0].name, 40)) : ""}
      query={query}
      foot={tf("compare.how")}
      csv={() => [
        [tf("groups.group"), t("nav.learners"), tf("courses.completed"), tf("compare.score"), tf("compare.score.difference"), tf("compare.effect"), tf("compare.seconds"), tf("compare.days")],
        ...compared.map((group) => [group.name, group.learners, group.completed, group.score.mean, group.score.difference, group.score.effect, group.seconds.mean, group.active_days.mean]),
      ]}
      head={
        <tr>
          <th scope="col">{tf("groups.group")}</th>
          <th scope="col" className="num">
            {t("nav.learners")}
          </th>
          <th scope="col" className="num">
            {tf("courses.completed")}
          </th>
          <th scope="col" className="num">
            {tf("compare.score")}
          </th>
          <th scope="col" className="hide-s">
            {tf("compare.difference")}
          </th>
          <th scope="col" className="num hide-s">
            {tf("compare.seconds")}
          </th>
          <th scope="col" className="num hide-s">
            {tf("compare.days")}
          </th>
        </tr>
      }
    >
      {compared.map((group) => (
        <tr key={group.name}>
          <td className="name">
            <Untrusted said={group.name} max={60} />
          </td>
          <td className="num">{count(group.learners)}</td>
          <td className="num">{typeof group.completed_share === "number" ? percent(group.completed_share / 100) : "–"}</td>
          <td className="num">{typeof group.score.mean === "number" ? percent(group.score.mean / 100) : "–"}</td>
          <td className="hide-s">{differenceSays(group.score)}</td>
          <td className="num hide-s">{typeof group.seconds.mean === "number" ? length(group.seconds.mean) : "–"}</td>
          <td className="num hide-s">{typeof group.active_days.mean === "number" ? count(Math.round(group.active_days.mean * 10) / 10) : "–"}</td>
        </tr>
      ))}
    </ListSheet>
  );
}

/** How far the mean score is from that of the first group, in words. */
function differenceSays({ difference, difference_interval: interval, effect }: Schemas["Measured"]): string {
  if (typeof difference !== "number" || !interval) return "–";
  const points = `${difference > 0 ? "+" : difference < 0 ? "−" : ""}${count(Math.abs(Math.round(difference * 10) / 10))}`;
  const mayBeChance = interval.low <= 0 && interval.high >= 0;
  const size = typeof effect === "number" ? ` (d ${ratio(effect)})` : "";
  return mayBeChance ? tf("compare.chance", points) : `${tf("compare.points", points)}${size}`;
}
