import { ArrowUp, Pause, Play, WifiOff } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { Lost } from "../../api/stream";
import { Icon } from "../../parts/icon";
import { clock } from "../../text/format";
import { t } from "../../text/text";
import type { Tail } from "./tail";

/** Says that the tail is paused, since when, and how many came. */
export function LiveBar({ tail, onResume }: { tail: Tail; onResume: () => void }) {
  const said = useSaid(tail.pausedAt ? undefined : tail.freshCount);
  return (
    <>
      <div className="sr" role="status">
        {said}
      </div>
      {tail.lost ? <LostBar lost={tail.lost} onRetry={tail.retry} /> : null}
      {tail.pausedAt ? (
        <div className="livebar">
          <Icon of={Pause} />
          <span>
            <b>{t("live.paused")}</b> {t("live.since", clock(tail.pausedAt))}
          </span>
          {tail.waitingCount > 0 ? (
            <button className="btn sm" type="button" onClick={tail.show}>
              <Icon of={ArrowUp} />
              {t("live.show", tail.waitingCount)}
            </button>
          ) : null}
          <button className="btn quiet sm end" type="button" onClick={onResume}>
            <Icon of={Play} />
            {t("live.resume")} <kbd className="hide-s">{t("key.space")}</kbd>
          </button>
        </div>
      ) : null}
    </>
  );
}

/** Says of when the list is, and when the connection is tried again. */
function LostBar({ lost, onRetry }: { lost: Lost; onRetry: () => void }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.ceil((lost.retryAt.getTime() - now) / 1_000);
  return (
    <div className="livebar bad">
      <Icon of={WifiOff} />
      <span>
        <b>{t("live.lost")}</b> {t("live.lost.since", clock(lost.at))} {seconds > 0 ? t("live.lost.retry", seconds) : t("live.lost.now")}
      </span>
      <button className="btn sm end" type="button" onClick={onRetry}>
        {t("live.lost.try")}
      </button>
    </div>
  );
}

/** What a screen reader hears of what came, at most every ten seconds; nothing during a pause. */
function useSaid(total: number | undefined): string {
  const [said, setSaid] = useState("");
  const heard = useRef(0);
  const tell = useEffectEvent(() => {
    const more = (total ?? heard.current) - heard.current;
    heard.current = total ?? heard.current;
    setSaid(more > 0 ? t("live.new", more) : "");
  });
  useEffect(() => {
    const timer = setInterval(() => tell(), 10_000);
    return () => clearInterval(timer);
  }, []);
  return said;
}
