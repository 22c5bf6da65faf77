import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { attachmentAddress, attachmentsQuery } from "../../../api/statements";
import { useViewer } from "../../../app/context";
import { CopyButton } from "../../../parts/copy";
import { Icon } from "../../../parts/icon";
import { Untrusted, UntrustedLink } from "../../../parts/untrusted";
import { say } from "../../../statement/language";
import { lastPart } from "../../../statement/sentence";
import { listOf, member, numberOf, textOf, type Json, type JsonObject } from "../../../statement/types";
import { plainly, shorten } from "../../../statement/visible";
import { bytes } from "../../../text/format";
import { tp } from "../../../text/pages/text";
import { readingLanguages, t } from "../../../text/text";

/** The most attachments that are listed, which is how many the server looks for. */
const LISTED_MAX = 100;

/** What a statement and its substatement have attached: what it is, what it is for, and its content where that is stored. */
export function Attachments({ id, statement }: { id: string; statement: JsonObject }) {
  const object = member(statement, "object");
  const inner = textOf(object, "objectType") === "SubStatement" ? listOf(object, "attachments") : [];
  const attachments = [...listOf(statement, "attachments"), ...inner];
  if (attachments.length === 0) return null;
  return (
    <>
      <h3>{t("drawer.attachments", attachments.length)}</h3>
      <ul className="attachments">
        {attachments.slice(0, LISTED_MAX).map((attachment, index) => (
          <li key={index}>
            <Attachment id={id} attachment={attachment} />
          </li>
        ))}
        {attachments.length > LISTED_MAX ? <li className="faint">{t("tree.more", attachments.length - LISTED_MAX)}</li> : null}
      </ul>
    </>
  );
}

function Attachment({ id, attachment }: { id: string; attachment: Json }) {
  const languages = readingLanguages();
  const usage = textOf(attachment, "usageType");
  const name = say(member(attachment, "display"), languages) ?? { text: usage ? lastPart(usage) : "?" };
  const description = say(member(attachment, "description"), languages);
  const address = textOf(attachment, "fileUrl");
  const size = numberOf(attachment, "length");
  const hash = textOf(attachment, "sha2");
  return (
    <>
      <Untrusted said={name} max={120} />
      <small>
        <Untrusted said={textOf(attachment, "contentType") ?? ""} max={80} />
        {size === undefined ? "" : `, ${bytes(size)}`}
      </small>
      {description ? (
        <small>
          <Untrusted said={description} max={300} />
        </small>
      ) : null}
      {usage ? (
        <small>
          {tp("attachment.usage")} <UntrustedLink address={usage} />
        </small>
      ) : null}
      {hash ? (
        <small>
          SHA-2{" "}
          <span className="mono">
            <Untrusted said={hash} max={16} />
          </span>{" "}
          <CopyButton iconOnly quiet label={tp("attachment.copyHash")} text={hash} />
        </small>
      ) : null}
      {address ? (
        <small>
          <UntrustedLink address={address} />
        </small>
      ) : null}
      <Content id={id} hash={hash} name={name.text} hasAddress={address !== undefined} />
    </>
  );
}

/** The content, if it is stored here: an attachment with an address may come without. */
function Content({ id, hash, name, hasAddress }: { id: string; hash: string | undefined; name: string; hasAddress: boolean }) {
  const { tenant } = useViewer();
  const query = useQuery(attachmentsQuery(tenant, id));
  // In the place of the link, so that nothing moves when it comes.
  if (query.isPending) return <small>{tp("attachment.looking")}</small>;
  if (query.isError) {
    return (
      <small role="alert">
        {tp("attachment.unknown")}{" "}
        <button className="link" type="button" onClick={() => void query.refetch()}>
          {t("action.retry")}
        </button>
      </small>
    );
  }
  const kept = query.data.find((one) => one.sha2 === hash?.toLowerCase());
  if (!kept) return <small>{tp(hasAddress ? "attachment.elsewhere" : "attachment.absent")}</small>;
  const size = bytes(kept.bytes);
  const label = tp("attachment.downloadNamed", plainly(shorten(name, 120)), size);
  return (
    <a className="btn sm" href={attachmentAddress(tenant, id, kept.sha2)} download aria-label={label} title={tp("attachment.caution")}>
      <Icon of={Download} />
      {tp("attachment.download", size)}
    </a>
  );
}
