import { CopyButton } from "../../../parts/copy";
import { Untrusted, UntrustedLink } from "../../../parts/untrusted";
import { say } from "../../../statement/language";
import { lastPart } from "../../../statement/sentence";
import { listOf, member, numberOf, textOf, type Json, type JsonObject } from "../../../statement/types";
import { bytes } from "../../../text/format";
import { tp } from "../../../text/pages/text";
import { readingLanguages, t } from "../../../text/text";

/** The most attachments that are listed. */
const LISTED_MAX = 50;

/** What a statement has attached: what it is, what it is for, and how its content is recognised. */
export function Attachments({ statement }: { statement: JsonObject }) {
  const attachments = listOf(statement, "attachments");
  if (attachments.length === 0) return null;
  return (
    <>
      <h3>{t("drawer.attachments", attachments.length)}</h3>
      <ul className="attachments">
        {attachments.slice(0, LISTED_MAX).map((attachment, index) => (
          <li key={index}>
            <Attachment attachment={attachment} />
          </li>
        ))}
        {attachments.length > LISTED_MAX ? <li className="faint">{t("tree.more", attachments.length - LISTED_MAX)}</li> : null}
      </ul>
    </>
  );
}

function Attachment({ attachment }: { attachment: Json }) {
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
      ) : (
        <small>{tp("attachment.inside")}</small>
      )}
    </>
  );
}
