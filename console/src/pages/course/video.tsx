import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { videoQuery } from "../../api/analyses";
import type { Schemas } from "../../api/client";
import { useViewer } from "../../app/context";
import type { ActivitySearch } from "../../app/search";
import { Lines } from "../../parts/bars";
import { ChartSheet } from "../../parts/chart-sheet";
import { FigureStrip, type Figure } from "../../parts/figures";
import { count, length, percent, short, zone } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { scopeOf } from "../activity/questions";
import { all, within, type Period } from "../overview/period";
import { VideoTable } from "./video-table";

/** How the videos of an activity are watched, or the one that it is. */
export function Videos({ id, period, search }: { id: string; period: Period; search: ActivitySearch }) {
  const { tenant } = useViewer();
  const query = useQuery({ ...videoQuery(tenant, undefined, all(scopeOf(id), within(period)), zone()), placeholderData: keepPreviousData });
  const videos = query.data?.videos ?? [];
  if (videos.some((video) => video.id === id)) return <Video id={id} period={period} />;
  return <VideoTable query={query} videos={videos} period={search.period} />;
}

/** A place in a video, as in `4:05`. */
export function placeIn(seconds: number): string {
  const rest = String(Math.floor(seconds % 60)).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

function Video({ id, period }: { id: string; period: Period }) {
  const { tenant } = useViewer();
  const query = useQuery({ ...videoQuery(tenant, id, within(period), zone()), placeholderData: keepPreviousData });
  const video = query.data?.videos[0];
  const share = (value: number | null | undefined) => (typeof value === "number" ? percent(value / 100) : undefined);
  const figures: Figure[] = [
    { name: tf("videos.views"), value: video ? count(video.views) : undefined, text: video ? tf("videos.byLearners", video.learners) : "" },
    { name: tf("videos.watched"), value: share(video?.watched_share), text: tf("videos.watched.how") },
    { name: tf("videos.progress"), value: share(video?.mean_progress), text: tf("videos.progress.how") },
    { name: tf("videos.length"), value: video ? length(video.seconds) : undefined, text: "" },
  ];
  return (
    <>
      <FigureStrip label={tf("videos.figures")} figures={figures} />
      {video ? (
        <div className="grid two-even halves">
          <Curve title={tf("videos.curve")} how={tf("videos.curve.how")} file="video-curve.csv" column={tf("videos.views")} values={video.curve ?? []} format={short} video={video} />
          <Curve
            title={tf("videos.remaining")}
            how={tf("videos.remaining.how")}
            file="video-remaining.csv"
            column={tf("videos.remaining")}
            values={(video.remaining ?? []).map((value) => value / 100)}
            format={(value) => percent(value)}
            video={video}
          />
        </div>
      ) : null}
    </>
  );
}

function Curve({
  title,
  how,
  file,
  column,
  values,
  format,
  video,
}: {
  title: string;
  how: string;
  file: string;
  column: string;
  values: readonly number[];
  format: (value: number) => string;
  video: Schemas["VideoView"];
}) {
  const most = Math.max(0, ...values);
  const least = Math.min(most, ...values);
  return (
    <ChartSheet
      title={title}
      sub={<span className="sub">{how}</span>}
      file={file}
      table={{ columns: [t("chart.time"), column], rows: values.map((value, second) => [placeIn(second), value]), format }}
      foot={video.cut > 0 ? tf("videos.cut", video.cut) : undefined}
    >
      <Lines
        series={[{ name: title, values }]}
        labels={values.map((_, second) => placeIn(second))}
        label={tf("videos.curve.label", title, format(most), placeIn(values.indexOf(most)), format(least), placeIn(values.indexOf(least)))}
        format={format}
        height={200}
      />
    </ChartSheet>
  );
}
