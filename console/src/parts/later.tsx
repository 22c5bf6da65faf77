import { useEffect, useRef, useState, type ReactNode } from "react";

/** Something that is made, and asks for its data, once it is seen; its place is kept until then. */
export function Later({
  height,
  isReady = true,
  children,
}: {
  height: number;
  /** Whether what stands above it has its height, so that it is where it will be. */
  isReady?: boolean;
  children: ReactNode;
}) {
  const place = useRef<HTMLDivElement>(null);
  const [isSeen, setIsSeen] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (!element || !isReady) return undefined;
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      setIsSeen(true);
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [isReady]);
  return isSeen ? children : <div ref={place} className="sheet later" style={{ minHeight: height }} />;
}
