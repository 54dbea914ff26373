/**
 * The rules by which `permafrost watch` says yes, no, or asks. A file has a list of them; the first that fits decides, and
 * what none fits is asked.
 *
 * @module
 */
import { CREDENTIAL_KINDS, kindName } from "../presentation/session_text.ts";

/** What a rule does with what fits it. */
export type Decision = "allow" | "deny" | "ask";

/** A rule. What it does not say fits everything, but for credentials. */
export interface Rule {
  readonly then: Decision;
  /** Who asks. */
  readonly requesters?: readonly string[];
  /** Kinds of events. A credential fits only a rule that names its kind. */
  readonly kinds?: readonly number[];
  /** Of a credential: for which host or relay, exactly. */
  readonly hosts?: readonly string[];
  /** Of the event's text and tags together, in bytes of UTF-8. */
  readonly maxBytes?: number;
  /** Local hours from and to, such as [8, 22]. */
  readonly hours?: readonly [from: number, to: number];
  /** When the rule ends: a date as ISO 8601. */
  readonly until?: string;
  /** How many it may allow. */
  readonly perHour?: number;
  readonly perDay?: number;
}

/** What is judged. */
export interface Asked {
  readonly requester: string;
  /** Undefined for a hash without an event. */
  readonly event?: {
    readonly kind: number;
    readonly content: string;
    readonly tags: readonly (readonly string[])[];
  };
}

/** What the rules say, and which one; and for a no, the rule that would have allowed it. */
export interface Judgement {
  readonly decision: Decision;
  /** From 1; undefined where none fits. */
  readonly rule?: number;
  readonly why: string;
  readonly wouldAllow?: Rule;
}

/** Why a file of rules is not one. */
export class RulesError extends Error {
  override readonly name = "RulesError";
}

/** What a rule fits, and what bounds it. */
const FITTING = ["then", "requesters", "kinds", "hosts", "maxBytes", "hours"] as const;
const FIELDS: readonly string[] = [...FITTING, "until", "perHour", "perDay"];

/**
 * Reads rules.
 *
 * @param value - Parsed JSON: a list.
 * @throws {RulesError} naming the rule and the field.
 */
export function parseRules(value: unknown): Rule[] {
  if (!Array.isArray(value)) throw new RulesError("The rules must be a list");
  return value.map((rule, i) => parseRule(rule, `Rule ${i + 1}`));
}

function parseRule(value: unknown, name: string): Rule {
  if (typeof value !== "object" || value === null) {
    throw new RulesError(`${name} must be an object`);
  }
  const unknown = Object.keys(value).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) {
    throw new RulesError(`${name}: there is no field ${unknown}; there are ${FIELDS.join(", ")}`);
  }
  const rule: { readonly [Field in keyof Rule]?: unknown } = value;
  const check = (field: keyof Rule, isRight: (part: unknown) => boolean, what: string) => {
    const part = rule[field];
    if (part !== undefined && !isRight(part)) {
      throw new RulesError(`${name}: ${field} must be ${what}`);
    }
  };
  const isList = (isPart: (part: unknown) => boolean) => (part: unknown) =>
    Array.isArray(part) && part.length > 0 && part.every(isPart);
  const isText = (part: unknown) => typeof part === "string" && part !== "";
  const isWhole = (part: unknown) => Number.isSafeInteger(part) && Number(part) >= 0;
  if (!["allow", "deny", "ask"].includes(String(rule.then))) {
    throw new RulesError(`${name}: then must be allow, deny or ask`);
  }
  check("requesters", isList(isText), "a list of names");
  check("kinds", isList(isWhole), "a list of kinds");
  check("hosts", isList(isText), "a list of hosts");
  check("maxBytes", isWhole, "a number of bytes");
  check("perHour", isWhole, "a number");
  check("perDay", isWhole, "a number");
  check("until", (part) => isText(part) && !Number.isNaN(Date.parse(String(part))), "a date");
  check(
    "hours",
    (part) =>
      Array.isArray(part) && part.length === 2 &&
      part.every((hour) => isWhole(hour) && hour <= 24),
    "two hours, such as [8, 22]",
  );
  return value as Rule; // each field was looked at
}

/**
 * Whether two rules are one: they fit the same. So what a rule has allowed counts for it after it was moved in its file, or its
 * end and its caps were changed.
 */
export function isSameRule(one: Rule, other: Rule): boolean {
  const fits = (rule: Rule) => JSON.stringify(FITTING.map((field) => rule[field] ?? null));
  return fits(one) === fits(other);
}

/** What was allowed before, for the caps: milliseconds since the epoch, by rule (from 1). */
export type History = ReadonlyMap<number, readonly number[]>;

/**
 * What the rules say of a session at a time.
 *
 * @param now - Milliseconds since the epoch.
 */
export function judge(
  rules: readonly Rule[],
  asked: Asked,
  now: number,
  history: History,
): Judgement {
  for (const [i, rule] of rules.entries()) {
    const unfit = whyUnfit(rule, asked, now, history.get(i + 1) ?? []);
    if (unfit === undefined) {
      const wouldAllow = rule.then === "allow" ? undefined : ruleFor(asked);
      return {
        decision: rule.then,
        rule: i + 1,
        why: `Rule ${i + 1} says ${rule.then}`,
        wouldAllow,
      };
    }
  }
  return { decision: "ask", why: "No rule fits", wouldAllow: ruleFor(asked) };
}

/** Why a rule does not fit; `undefined` if it does. */
function whyUnfit(
  rule: Rule,
  { requester, event }: Asked,
  now: number,
  allowed: readonly number[],
): string | undefined {
  if (rule.until !== undefined && now >= Date.parse(rule.until)) return "it has ended";
  if (rule.requesters && !rule.requesters.includes(requester)) return "another requester";
  if (rule.hours) {
    const [from, to] = rule.hours;
    const hour = new Date(now).getHours();
    const within = from <= to ? hour >= from && hour < to : hour >= from || hour < to;
    if (!within) return "another hour";
  }
  // What nobody can read is allowed by no rule.
  if (event === undefined) return rule.then === "allow" || rule.kinds ? "no event" : undefined;
  if (rule.kinds && !rule.kinds.includes(event.kind)) return "another kind";
  if (rule.then === "allow" && CREDENTIAL_KINDS.includes(event.kind)) {
    const host = hostOf(event);
    if (!rule.kinds || !rule.hosts) return "a credential needs a rule with its kind and host";
    if (host === undefined || !rule.hosts.includes(host)) return "another host";
  } else if (rule.hosts && !rule.hosts.includes(hostOf(event) ?? "")) return "another host";
  if (rule.maxBytes !== undefined && bytesOf(event) > rule.maxBytes) return "it is larger";
  const since = (ms: number) => allowed.filter((at) => at > now - ms).length;
  if (rule.then === "allow" && rule.perHour !== undefined && since(3_600_000) >= rule.perHour) {
    return "its hour is used up";
  }
  if (rule.then === "allow" && rule.perDay !== undefined && since(86_400_000) >= rule.perDay) {
    return "its day is used up";
  }
  return undefined;
}

/** By the kind of a credential, the tag that says what it is for: a URL, of BUD-11 a host alone. */
const FOR: Readonly<Record<number, string>> = { 22242: "relay", 24242: "server", 27235: "u" };
const LONGEST_HOST = 253;

/** The host that a credential is for; `undefined` if it does not say exactly one. */
export function hostOf(
  { kind, tags }: {
    readonly kind: number;
    readonly tags: readonly (readonly string[])[];
  },
): string | undefined {
  const found = tags.filter(([name]) => name === FOR[kind]);
  // Of two nobody can say which it is for.
  if (FOR[kind] === undefined || found.length !== 1) return undefined;
  const [, value = ""] = found[0];
  try {
    const { host } = new URL(kind === 24242 && !value.includes("://") ? `https://${value}` : value);
    return host.length > LONGEST_HOST ? undefined : host;
  } catch {
    return undefined;
  }
}

function bytesOf({ content, tags }: NonNullable<Asked["event"]>): number {
  return new TextEncoder().encode(content + tags.flat().join("")).length;
}

function ruleFor({ requester, event }: Asked): Rule | undefined {
  if (event === undefined) return undefined;
  const host = hostOf(event);
  const isCredential = CREDENTIAL_KINDS.includes(event.kind);
  if (isCredential && host === undefined) return undefined;
  return {
    then: "allow",
    requesters: [requester],
    kinds: [event.kind],
    ...(isCredential && host !== undefined ? { hosts: [host] } : {}),
    maxBytes: bytesOf(event),
    perDay: 1,
  };
}

/** A judgement as a sentence, with the rule that would have allowed it. */
export function judgementText({ decision, why, wouldAllow }: Judgement, { event }: Asked): string {
  const what = event === undefined ? "A hash without an event" : kindName(event.kind);
  const rule = decision === "allow" || wouldAllow === undefined
    ? ""
    : `\nThis rule would allow it: ${JSON.stringify(wouldAllow)}`;
  return `${what}: ${decision}. ${why}.${rule}`;
}
