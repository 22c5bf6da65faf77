import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { videoQuery } from "../../api/analyses";
import { useViewer } from "../../app/context";
import type { PeriodSearch } from "../../app/search";
import { zone } from "../../text/format";
import { tf } from "../../text/figures/text";
import { VideoTable } from "../course/video-table";
import { periodOf, within } from "../overview/period";
import { Analysed, isFound } from "./analysed";

/** Videos: how often they are viewed, and how much of them. */
export function VideoList({ search }: { search: PeriodSearch }) {
  const { tenant } = useViewer();
  const period = periodOf(search.period ?? "30d");
  const query = useQuery({ ...videoQuery(tenant, undefined, within(period), zone()), placeholderData: keepPreviousData });
  const videos = (query.data?.videos ?? []).filter((video) => isFound(search.q, video.name, video.id));
  return (
    <Analysed search={search} nameTitle={tf("videos.video")}>
      <VideoTable query={query} videos={videos} period={search.period} />
    </Analysed>
  );
}
