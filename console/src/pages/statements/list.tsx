import { Link } from "@tanstack/react-router";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Untrusted } from "../../parts/untrusted";
import { sentenceOf } from "../../statement/sentence";
import { member, textOf, type Entry } from "../../statement/types";
import { clock, dayHead, dayKey, exact } from "../../text/format";
import { readingLanguages, t } from "../../text/text";
import { MarkView } from "./mark";
import { SentenceView } from "./sentence-view";

type Item = { readonly kind: "day"; readonly time: string } | { readonly kind: "entry"; readonly entry: Entry };

/** Rows with the head of each day. */
function itemsOf(entries: readonly Entry[]): Item[] {
  const items: Item[] = [];
  let last = "";
  for (const entry of entries) {
    const day = dayKey(new Date(entry.stored));
    if (day !== last) items.push({ kind: "day", time: entry.stored });
    last = day;
    items.push({ kind: "entry", entry });
  }
  return items;
}

/** Where a statement came from: the name of its credential, or what it says itself. */
export function sourceOf(entry: Entry, labels: ReadonlyMap<string, string>): string {
  const account = member(member(entry.statement, "authority"), "account");
  const key = textOf(account, "name");
  const platform = textOf(member(entry.statement, "context"), "platform");
  return (key ? labels.get(key) : undefined) ?? platform ?? key ?? "";
}

/** The rows of the list. Only those near the view are in the document. */
export function StatementList({
  entries,
  labels,
  selected,
  onOpen,
  onEnd,
}: {
  entries: readonly Entry[];
  labels: ReadonlyMap<string, string>;
  selected: string | undefined;
  onOpen: (id: string) => void;
  onEnd: () => void;
}) {
  const items = useMemo(() => itemsOf(entries), [entries]);
  const list = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    const place = () => setOffset((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    place();
    const observer = new ResizeObserver(place);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
  const virtual = useWindowVirtualizer({
    count: items.length,
    estimateSize: (index) => (items[index]?.kind === "day" ? 28 : 37),
    getItemKey: (index) => {
      const item = items[index];
      return item?.kind === "entry" ? item.entry.id : `day ${item?.time ?? index}`;
    },
    overscan: 12,
    scrollMargin: offset,
  });
  const rows = virtual.getVirtualItems();
  const lastIndex = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (items.length > 0 && lastIndex >= items.length - 15) onEnd();
  }, [lastIndex, items.length, onEnd]);
  const before = (rows[0]?.start ?? offset) - offset;
  const after = virtual.getTotalSize() - ((rows.at(-1)?.end ?? offset) - offset);
  const languages = readingLanguages();
  return (
    <div ref={list}>
      <table className="tbl st-t" aria-rowcount={-1}>
        <colgroup>
          <col className="c-time" />
          <col />
          <col className="c-result" />
          <col className="c-source" />
        </colgroup>
        <thead className="sr">
          <tr>
            <th scope="col">{t("statements.stored")}</th>
            <th scope="col">{t("statements.statement")}</th>
            <th scope="col">{t("statements.result")}</th>
            <th scope="col">{t("statements.source")}</th>
          </tr>
        </thead>
        <tbody>
          {before > 0 ? <Space height={before} /> : null}
          {rows.map((row) => {
            const item = items[row.index];
            if (!item) return null;
            if (item.kind === "day") {
              return (
                <tr key={row.key} data-index={row.index} ref={virtual.measureElement} className="day">
                  <td className="tm" />
                  <td colSpan={3}>{dayHead(item.time)}</td>
                </tr>
              );
            }
            const { entry } = item;
            const sentence = sentenceOf(entry.statement, languages);
            return (
              <tr
                key={row.key}
                data-index={row.index}
                ref={virtual.measureElement}
                aria-selected={entry.id === selected ? true : undefined}
                className={entry.isVoided ? "voided" : undefined}
                onClick={(event) => {
                  if (event.target instanceof HTMLElement && event.target.closest("a")) return;
                  if (window.getSelection()?.toString()) return;
                  onOpen(entry.id);
                }}
              >
                <td className="tm">
                  <time dateTime={entry.stored} title={`${exact(entry.stored)} · ${entry.stored}`}>
                    {clock(entry.stored)}
                  </time>
                </td>
                <td className="sen">
                  <Link
                    className="clip row-link"
                    data-id={entry.id}
                    from="/t/$tenant/statements"
                    to="/t/$tenant/statements"
                    search={(known) => ({ ...known, s: entry.id })}
                    resetScroll={false}
                    preload={false}
                  >
                    <SentenceView sentence={sentence} />
                  </Link>
                  {entry.isVoided ? <span className="sr">{t("statements.voided")}</span> : null}
                </td>
                <td className="num">
                  <MarkView mark={sentence.mark} />
                </td>
                <td className="hide-s dim src">
                  <Untrusted said={sourceOf(entry, labels)} max={40} />
                </td>
              </tr>
            );
          })}
          {after > 0 ? <Space height={after} /> : null}
        </tbody>
      </table>
    </div>
  );
}

/** The room of rows that are not in the document. */
function Space({ height }: { height: number }) {
  return (
    <tr aria-hidden="true" className="space">
      <td colSpan={4} style={{ height }} />
    </tr>
  );
}
