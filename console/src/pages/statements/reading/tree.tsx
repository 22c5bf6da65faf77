import { Untrusted, UntrustedLink } from "../../../parts/untrusted";
import { isObject, type Json } from "../../../statement/types";
import { safeLink } from "../../../statement/visible";
import { t } from "../../../text/text";

/** The most members of one object or list that are shown. */
const MEMBERS_MAX = 200;

/** The deepest level that is shown. */
const DEPTH_MAX = 40;

/** A value of a statement, to be opened level by level. */
export function Tree({ value, depth = 0 }: { value: Json; depth?: number }) {
  if (!isObject(value) && !Array.isArray(value)) return <Leaf value={value} />;
  const members: [string, Json][] = Array.isArray(value)
    ? value.slice(0, MEMBERS_MAX).map((item, index) => [String(index + 1), item])
    : Object.entries(value).slice(0, MEMBERS_MAX);
  const total = Array.isArray(value) ? value.length : Object.keys(value).length;
  if (depth > DEPTH_MAX) return <span className="faint">…</span>;
  return (
    <ul className="tree">
      {members.map(([name, item]) => (
        <li key={name}>
          {isObject(item) || Array.isArray(item) ? (
            <details open={depth < 2}>
              <summary>
                <Untrusted said={name} max={200} />
              </summary>
              <Tree value={item} depth={depth + 1} />
            </details>
          ) : (
            <div className="leaf">
              <span className="name">
                <Untrusted said={name} max={200} />
              </span>
              <Leaf value={item} />
            </div>
          )}
        </li>
      ))}
      {total > members.length ? <li className="faint">{t("tree.more", total - members.length)}</li> : null}
    </ul>
  );
}

function Leaf({ value }: { value: Json }) {
  if (typeof value !== "string") return <span className="mono">{String(value)}</span>;
  return safeLink(value) ? <UntrustedLink address={value} /> : <Untrusted said={value} />;
}
