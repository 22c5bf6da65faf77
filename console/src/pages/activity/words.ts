import type { ItemAnalysis, OptionFigures, QuestionFigures, QuestionFlag } from "../../api/analyses";
import { plainly, shorten } from "../../statement/visible";
import { count, length, percent, ratio } from "../../text/format";
import { t } from "../../text/text";

/** Bounds of the figures of a question, in percent, as docs/guide/analyses.md explains them. */
const HARD = 30;
const EASY = 80;
const SEPARATES = 30;
const SEPARATES_A_LITTLE = 10;

/** Bounds of the internal consistency of a test, in percent. */
const CONSISTENT = 75;
const INCONSISTENT = 64;

/** What a question asks for first: the worst flag it has. */
export function worstFlag(question: QuestionFigures): QuestionFlag | undefined {
  const order: QuestionFlag[] = ["key_may_be_wrong", "does_not_discriminate", "never_chosen", "too_easy"];
  return order.find((flag) => question.flags.includes(flag));
}

/** A name of an option for a sentence. */
export function optionName(option: OptionFigures): string {
  return plainly(shorten(option.description ?? option.id, 80));
}

/** What the figures of a question say, in sentences. */
export function saysOf(question: QuestionFigures): string[] {
  if (question.is_survey) return [t("question.survey")];
  if (question.reliability === "too_few") return [t("question.tooFew", question.answers)];
  return [
    facilitySays(question),
    guessSays(question),
    discriminationSays(question),
    timeSays(question),
    question.reliability === "unstable" ? t("question.unstable", question.answers) : undefined,
    question.derived > 0 ? t("question.derived", question.derived) : undefined,
    question.contradicted > 0 ? t("question.contradicted", question.contradicted) : undefined,
  ].filter((text) => text !== undefined);
}

function facilitySays({ facility }: QuestionFigures): string | undefined {
  if (typeof facility !== "number") return undefined;
  const share = percent(facility / 100);
  if (facility < HARD) return t("question.hard", share);
  return facility > EASY ? t("question.easy", share) : t("question.medium", share);
}

function guessSays({ random_guess_score: guess, facility, facility_interval: interval }: QuestionFigures): string | undefined {
  if (typeof guess !== "number" || typeof facility !== "number") return undefined;
  const isGuessing = guess >= (interval?.low ?? facility);
  return t(isGuessing ? "question.guessed" : "question.guess", percent(guess / 100));
}

function discriminationSays({ discrimination_index: index }: QuestionFigures): string | undefined {
  if (typeof index !== "number") return undefined;
  if (index >= SEPARATES) return t("question.separates");
  if (index >= SEPARATES_A_LITTLE) return t("question.separatesLittle");
  return index >= 0 ? t("question.separatesNot") : t("question.separatesWrongly");
}

function timeSays({ seconds }: QuestionFigures): string | undefined {
  return seconds ? t("question.takes", length(seconds.p25), length(seconds.p75)) : undefined;
}

/** What a flag means for this question, and what to do. */
export function flagSays(flag: QuestionFlag, question: QuestionFigures): { title: string; text: string } {
  const wrong = question.options.filter((option) => !option.is_key);
  const strongest = wrong.toSorted((one, other) => (other.thirds[2] ?? 0) - (one.thirds[2] ?? 0))[0];
  switch (flag) {
    case "key_may_be_wrong":
      return strongest && (strongest.thirds[2] ?? 0) > 0
        ? { title: t("flag.key.chosen", optionName(strongest)), text: t("flag.key.try") }
        : { title: t("flag.key.wrong"), text: t("flag.key.try") };
    case "never_chosen": {
      const never = wrong.filter((option) => option.count === 0).map((option) => `“${optionName(option)}”`);
      return { title: t("flag.never.title", never.join(", ")), text: t("flag.never.try") };
    }
    case "too_easy":
      return { title: t("flag.easy.title"), text: t("flag.easy.try") };
    case "does_not_discriminate":
      return { title: t("flag.same.title"), text: t("flag.same.try") };
  }
}

/** What the figures of the test say, in sentences. */
export function testSays({ test, learners }: ItemAnalysis): string[] {
  const { internal_consistency: alpha, standard_error: error } = test;
  if (typeof alpha !== "number") return [t(learners < 10 ? "test.tooFew" : "test.noFigures")];
  const level = alpha >= CONSISTENT ? "test.good" : alpha < INCONSISTENT ? "test.bad" : "test.fair";
  const off = typeof error === "number" ? [t("test.error", count(Math.round(error)))] : [];
  return [t(level, ratio(alpha / 100)), ...off];
}
