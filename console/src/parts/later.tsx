import { useEffect, useRef, useState, type ReactNode } from "react";

/** From how far below the window on something is nearly seen. */
const NEAR = "160px";

/** Something that is made, and asks for its data, once it is nearly seen; its place is kept until then. */
export function Later({ height, children }: { height: number; children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  const [isNear, setIsNear] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const watch = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        watch.disconnect();
        setIsNear(true);
      },
      { rootMargin: `0px 0px ${NEAR}` },
    );
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return isNear ? children : <div ref={place} className="sheet later" style={{ minHeight: height }} />;
}
