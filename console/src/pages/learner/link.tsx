import { Link } from "@tanstack/react-router";
import { useViewer } from "../../app/context";
import { Untrusted } from "../../parts/untrusted";
import { agentName } from "../../statement/sentence";
import type { Json } from "../../statement/types";

/** An identifier in short. */
export function identifierText(person: string): string {
  try {
    return agentName(JSON.parse(person) as Json);
  } catch {
    return person;
  }
}

/** The name of a learner, which leads to their page. */
export function LearnerLink({ id, name }: { id: string; name: string | undefined }) {
  const { tenant } = useViewer();
  return (
    <Link className="ent" to="/t/$tenant/learner" params={{ tenant: String(tenant) }} search={{ id }}>
      <Untrusted said={name ?? identifierText(id)} max={80} />
    </Link>
  );
}
