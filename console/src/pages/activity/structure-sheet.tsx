import { Link } from "@tanstack/react-router";
import { Blocks } from "lucide-react";
import { useState } from "react";
import type { Answer } from "../../api/facts";
import { useViewer } from "../../app/context";
import type { ActivitySearch } from "../../app/search";
import { CsvButton } from "../../parts/csv-button";
import { Notes } from "../../parts/partial";
import { Empty } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { lastPart } from "../../statement/sentence";
import { count, percent } from "../../text/format";
import { t } from "../../text/text";
import { treeOf, type Branch, type Part } from "./structure";

/** Rows that are shown at first. */
const ROWS = 24;

/** The deepest indent. */
const DEPTH_MAX = 6;

/** What is in an activity, as a tree. */
export function Structure({ id, parts, period, answer }: { id: string; parts: readonly Part[]; period: ActivitySearch["period"]; answer: Answer }) {
  const [isAll, setIsAll] = useState(false);
  const branches = treeOf(id, parts);
  const shown = isAll ? branches : branches.slice(0, ROWS);
  return (
    <section className="sheet" aria-label={t("structure.title")}>
      <header>
        <h2>{t("structure.title")}</h2>
        <span className="sub">{t("structure.count", branches.length)}</span>
        <div className="tools">
          {branches.length > 0 ? <CsvButton title={t("structure.title")} file="structure.csv" rows={() => csvRows(branches)} /> : null}
        </div>
      </header>
      {branches.length === 0 ? (
        <Empty icon={Blocks} title={t("structure.none")}>
          {t("structure.none.try")}
        </Empty>
      ) : (
        <table className="tbl">
          <thead>
            <tr>
              <th scope="col">{t("activities.activity")}</th>
              <th scope="col" className="num">
                {t("nav.learners")}
              </th>
              <th scope="col" className="num hide-s">
                {t("courses.finished")}
              </th>
              <th scope="col" className="num">
                {t("activities.success")}
              </th>
              <th scope="col" className="num hide-s">
                {t("figure.score")}
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((branch) => (
              <Row key={branch.part.id} branch={branch} period={period} />
            ))}
          </tbody>
        </table>
      )}
      {branches.length > shown.length ? (
        <footer>
          {t("ranking.shown", count(shown.length), count(branches.length))}
          <button className="btn sm end" type="button" onClick={() => setIsAll(true)}>
            {t("ranking.more")}
          </button>
        </footer>
      ) : null}
      <Notes answer={answer} />
    </section>
  );
}

function csvRows(branches: readonly Branch[]): unknown[][] {
  const head = ["depth", "id", t("activities.activity"), t("field.object.type"), t("nav.learners"), t("courses.finished"), t("activities.success"), t("figure.score")];
  const rows = branches.map(({ part, depth }) => [depth, part.id, part.name, part.type, part.learners, part.finished, part.success, part.score]);
  return [head, ...rows];
}

function Row({ branch: { part, depth }, period }: { branch: Branch; period: ActivitySearch["period"] }) {
  const { tenant } = useViewer();
  return (
    <tr>
      <td className="name">
        <span className="indented" style={{ paddingInlineStart: `${Math.min(depth, DEPTH_MAX) * 18}px` }}>
          <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id: part.id, period }}>
            <Untrusted said={part.name} max={90} />
          </Link>
          {part.type ? (
            <span className="faint hide-s kind">
              <Untrusted said={lastPart(part.type)} max={40} />
            </span>
          ) : null}
        </span>
      </td>
      <td className="num">{count(part.learners)}</td>
      <td className="num hide-s">{part.finished > 0 ? count(part.finished) : "–"}</td>
      <td className="num">{part.success === undefined ? "–" : percent(part.success)}</td>
      <td className="num hide-s">{part.score === undefined ? "–" : percent(part.score)}</td>
    </tr>
  );
}
