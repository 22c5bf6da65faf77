import { say, type Said } from "./language";
import { listOf, member, textOf, type JsonObject } from "./types";

/** A choice of a question. */
export interface Choice {
  readonly id: string;
  readonly name: Said;
  /** Whether it is part of the right response, by the definition that the statement has. */
  readonly isKey: boolean;
  /** Whether it was chosen. */
  readonly isChosen: boolean;
}

/** The most choices that are shown. */
const CHOICES_MAX = 20;

/**
 * The choices of a question with single or multiple choice.
 *
 * Spec: xAPI 2.0, 4.2.6.1.1 interaction activities; `[,]` separates the ids of a response.
 */
export function choicesOf(statement: JsonObject, languages: readonly string[]): Choice[] {
  const definition = member(member(statement, "object"), "definition");
  if (textOf(definition, "interactionType") !== "choice") return [];
  const response = textOf(member(statement, "result"), "response");
  const chosen = new Set(response?.split("[,]"));
  const pattern = listOf(definition, "correctResponsesPattern")[0];
  const keys = new Set(typeof pattern === "string" ? pattern.split("[,]") : []);
  return listOf(definition, "choices")
    .slice(0, CHOICES_MAX)
    .map((choice) => {
      const id = textOf(choice, "id") ?? "";
      const name = say(member(choice, "description"), languages) ?? { text: id };
      return { id, name, isKey: keys.has(id), isChosen: chosen.has(id) };
    });
}
