import { useQueryClient } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { useState } from "react";
import { ApiError } from "../../api/problem";
import { useViewer } from "../../app/context";
import { Dialog } from "../../parts/dialog";
import { TextField } from "../../parts/field";
import { Icon } from "../../parts/icon";
import { explain, titleOf } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { Untrusted } from "../../parts/untrusted";
import { count } from "../../text/format";
import { tp } from "../../text/pages/text";
import { t } from "../../text/text";
import { importParts, type Imported } from "./changes";
import { firstRows, partsOf, type Part } from "./csv";

/** Rows of the file that are shown, and faults. */
const PREVIEW_ROWS = 5;
const FAULTS_SHOWN = 20;

/** A file that was chosen, and what its import would do. */
interface Chosen {
  readonly parts: readonly Part[];
  readonly rows: readonly (readonly string[])[];
  readonly would?: Imported;
}

/** Imports groups and members from a file: first it is checked, and then shown what would change. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const { tenant } = useViewer();
  const client = useQueryClient();
  const toast = useToast();
  const [chosen, setChosen] = useState<Chosen>();
  const [error, setError] = useState<unknown>();
  const [done, setDone] = useState<number>();
  const run = async (parts: readonly Part[], isDry: boolean): Promise<Imported | undefined> => {
    setError(undefined);
    setDone(0);
    try {
      return await importParts(tenant, parts, isDry, setDone);
    } catch (failure) {
      setError(failure);
      return undefined;
    } finally {
      setDone(undefined);
    }
  };
  const read = async (file: File | undefined) => {
    setChosen(undefined);
    if (!file) return;
    const text = await file.text();
    const read = { parts: partsOf(text), rows: firstRows(text, PREVIEW_ROWS) };
    setChosen(read);
    const would = await run(read.parts, true);
    setChosen({ ...read, would });
  };
  const take = async () => {
    if (!chosen) return;
    const imported = await run(chosen.parts, false);
    await Promise.all(["groups", "group-members"].map((name) => client.invalidateQueries({ queryKey: [name, tenant] })));
    if (!imported) return;
    toast({ text: tp("import.done", imported.changed) });
    onClose();
  };
  const would = chosen?.would;
  const total = chosen?.parts.length ?? 0;
  return (
    <Dialog title={tp("groups.import")} onClose={onClose} wide>
      <form
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          void take();
        }}
      >
        <p>{tp("import.how")}</p>
        <pre className="js snippet" tabIndex={0} role="region" aria-label={tp("import.example")}>
          {EXAMPLE}
        </pre>
        <TextField label={tp("import.file")} type="file" accept=".csv,text/csv" disabled={done !== undefined} onChange={(event) => void read(event.target.files?.[0])} />
        <div role="status">{done === undefined ? "" : tp("import.checking", count(done), count(total))}</div>
        {chosen ? <Preview chosen={chosen} /> : null}
        {would ? <Would would={would} /> : null}
        {error ? <Faults error={error} /> : null}
        <div className="row end">
          <button className="btn" type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button className="btn primary" type="submit" disabled={!would || would.changed === 0 || done !== undefined}>
            {tp("import.act")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const EXAMPLE = `group,kind,mbox,from,until
Science,unit,,,
Science/Physics 1,class,ada@example.org,2026-09-01,2027-07-01`;

/** The first rows of the file. */
function Preview({ chosen }: { chosen: Chosen }) {
  const [head, ...rows] = chosen.rows;
  if (!head) return null;
  const total = chosen.parts.reduce((sum, part) => sum + part.rows, 0);
  return (
    <div className="wide-table" tabIndex={0} role="region" aria-label={tp("import.preview", count(Math.min(total, PREVIEW_ROWS)), count(total))}>
      <table className="tbl">
        <caption className="faint t12">{tp("import.preview", count(Math.min(total, PREVIEW_ROWS)), count(total))}</caption>
        <thead>
          <tr>
            {head.map((name, at) => (
              <th key={at} scope="col">
                <Untrusted said={name} max={60} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {head.map((_, at) => (
                <td key={at}>
                  <Untrusted said={row[at] ?? ""} max={80} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What the import would do. */
function Would({ would }: { would: Imported }) {
  return (
    <div className="note good">
      <Icon of={CircleCheck} />
      <span>
        <b>{would.changed === 0 ? tp("import.nothing") : tp("import.would", would.changed)}</b>{" "}
        {[
          tp("import.groups", would.groups_created),
          tp("import.persons", would.persons_created),
          tp("import.unchanged", would.unchanged),
        ].join(", ")}
        .
      </span>
    </div>
  );
}

/** What is wrong, line by line; nothing was imported then. */
function Faults({ error }: { error: unknown }) {
  const faults = error instanceof ApiError ? (error.problem?.faults ?? []) : [];
  return (
    <div className="note bad" role="alert">
      <div>
        <b>{faults.length > 0 ? tp("import.faults", faults.length) : titleOf(error)}</b>
        {faults.length > 0 ? (
          <ul>
            {faults.slice(0, FAULTS_SHOWN).map((fault, index) => (
              <li key={index}>
                <Untrusted said={fault.message} max={300} />
              </li>
            ))}
            {faults.length > FAULTS_SHOWN ? <li>{t("tree.more", faults.length - FAULTS_SHOWN)}</li> : null}
          </ul>
        ) : (
          ` ${explain(error)}`
        )}
      </div>
    </div>
  );
}
