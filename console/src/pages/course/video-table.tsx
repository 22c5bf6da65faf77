import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { useViewer } from "../../app/context";
import type { PeriodName } from "../../app/search";
import { Untrusted } from "../../parts/untrusted";
import { ListSheet } from "../../sheets/list-sheet";
import { lastPart } from "../../statement/sentence";
import { count, length, percent, widthOf } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";

/** Videos, each with its own page. */
export function VideoTable({
  query,
  videos,
  period,
}: {
  query: Parameters<typeof ListSheet>[0]["query"];
  videos: readonly Schemas["VideoView"][];
  period: PeriodName | undefined;
}) {
  const { tenant } = useViewer();
  return (
    <ListSheet
      title={tf("videos.title")}
      sub={tf("videos.sub")}
      query={query}
      empty={tf("videos.none")}
      csv={() => [
        [tf("videos.video"), "id", t("nav.learners"), tf("videos.views"), tf("videos.watched"), tf("videos.progress"), tf("videos.length")],
        ...videos.map((video) => [video.name, video.id, video.learners, video.views, video.watched, video.mean_progress, video.seconds]),
      ]}
      head={
        <tr>
          <th scope="col">{tf("videos.video")}</th>
          <th scope="col" className="num hide-s">
            {t("nav.learners")}
          </th>
          <th scope="col" className="num">
            {tf("videos.views")}
          </th>
          <th scope="col">{tf("videos.watched")}</th>
          <th scope="col" className="num hide-s">
            {tf("videos.progress")}
          </th>
          <th scope="col" className="num hide-s">
            {tf("videos.length")}
          </th>
        </tr>
      }
    >
      {videos.map((video) => (
        <tr key={video.id}>
          <td className="name two">
            <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id: video.id, tab: "video", period }}>
              <Untrusted said={video.name ?? lastPart(video.id)} max={90} />
            </Link>
            <small className="clip">
              <Untrusted said={video.id} max={90} />
            </small>
          </td>
          <td className="num hide-s">{count(video.learners)}</td>
          <td className="num">{count(video.views)}</td>
          <td>
            <span className="meter-row">
              <span className="meter" aria-hidden="true">
                <i style={{ inlineSize: widthOf((video.watched_share ?? 0) / 100) }} />
              </span>
              {typeof video.watched_share === "number" ? percent(video.watched_share / 100) : "–"}
            </span>
          </td>
          <td className="num hide-s">{typeof video.mean_progress === "number" ? percent(video.mean_progress / 100) : "–"}</td>
          <td className="num hide-s">{length(video.seconds)}</td>
        </tr>
      ))}
    </ListSheet>
  );
}
