/** The sentences that users of Permafrost may meet, as they stand in its sources. */
import { type ErrorCode, ERRORS, isErrorCode } from "../../functions/_shared/errors.ts";

const SUPABASE = new URL("../../", import.meta.url);

/** By code: the sentences of its refusals, with `…` for what is put in. */
export async function refusals(): Promise<Map<ErrorCode, Set<string>>> {
  const found = new Map<ErrorCode, Set<string>>();
  const add = (code: string | undefined, sentences: readonly string[]) => {
    if (!isErrorCode(code)) return;
    const own = found.get(code) ?? new Set([ERRORS[code][1]]);
    found.set(code, own);
    for (const sentence of sentences.filter(isSentence)) own.add(sentence);
  };
  for (const text of await sources("migrations/", ".sql")) {
    for (const { name, literals: [first, ...rest] } of calls(text, /\b(refus\w*|check_rate)\(/g)) {
      if (/rate\($/.test(name)) add("rate_limited", [first ?? "", ...rest]);
      // One of several codes, by a condition: each has the sentences.
      else for (const code of [first, ...rest].filter(isErrorCode)) add(code, rest);
    }
  }
  for (const text of await sources("functions/", ".ts")) {
    for (const { literals: [code, ...rest] } of calls(text, /\b(Refusal|FrostError|refused)\(/g)) {
      add(code, rest);
    }
    for (const { literals } of calls(text, /\binvalidMessage\(/g)) {
      add("ceremony_message_invalid", literals);
    }
  }
  // Here the code is said once, and the sentences stand around it.
  for (const file of ["authentication.ts", "token.ts"]) {
    const text = await Deno.readTextFile(new URL(`functions/_shared/${file}`, SUPABASE));
    const sentences = literalsOf(text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "")).filter((literal) =>
      /^The (access token|header|secret key|key in)/.test(literal)
    );
    add("unauthorized", sentences);
  }
  for (const [code, [, sentence]] of Object.entries(ERRORS)) add(code, [sentence]);
  return found;
}

/** What the database warns of or raises without a code, and what its self-check tells an operator to do. */
export async function advice(): Promise<string[]> {
  const migrations = await sources("migrations/", ".sql");
  const raised = migrations.flatMap((text) =>
    [...text.matchAll(/raise warning E?'([^':\\]+)|\bmessage = (?:format\()?'((?:[^']|'')+)'/g)]
      .map(([, warning, error]) => (warning ?? error).replaceAll("''", "'"))
  );
  const selfCheck = migrations.find((text) => text.includes("function permafrost.self_check()"));
  const [, body = ""] = /function permafrost\.self_check\(\)([^]*?)\$\$;/.exec(selfCheck ?? "") ??
    [];
  const told = literalsOf(body).filter((literal) =>
    isSentence(literal) && /^[A-Z…]/.test(literal) && !/^Members hear/.test(literal)
  );
  return [...raised.map((text) => text.replaceAll(/%s?/g, "…").trim()), ...told];
}

async function sources(folder: string, ending: string): Promise<string[]> {
  const texts: string[] = [];
  const url = new URL(folder, SUPABASE);
  for await (const { name, isDirectory } of Deno.readDir(url)) {
    if (isDirectory) texts.push(...await sources(`${folder}${name}/`, ending));
    else if (name.endsWith(ending) && !name.includes(".test.")) {
      texts.push(await Deno.readTextFile(new URL(name, url)));
    }
  }
  return texts;
}

/** The calls of what `pattern` names, with the string literals between their parentheses. */
function calls(text: string, pattern: RegExp): { name: string; literals: string[] }[] {
  return [...text.matchAll(pattern)].map(({ 0: name, index }) => {
    let depth = 0;
    for (const { 0: token, index: at } of text.slice(index).matchAll(TOKEN)) {
      if (token === "(") depth++;
      if (token === ")" && --depth === 0) {
        return { name, literals: literalsOf(text.slice(index, index + at)) };
      }
    }
    return { name, literals: [] };
  });
}

const LITERAL = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.|'')*'|`(?:[^`\\]|\\.)*`/;
const TOKEN = new RegExp(`${LITERAL.source}|[()]`, "g");

function literalsOf(text: string): string[] {
  return [...text.matchAll(new RegExp(LITERAL.source, "g"))].map(([literal]) => {
    const content = literal.slice(1, -1);
    if (literal.startsWith("`")) return content.replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…");
    if (literal.startsWith('"')) return JSON.parse(literal);
    return content.replaceAll("''", "'").replaceAll(/%[0-9$]*[sLI]/g, "…");
  });
}

function isSentence(text: string): boolean {
  return text.trim().split(" ").length >= 3;
}
