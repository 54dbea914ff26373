import assert from "node:assert/strict";
import { CREDENTIAL_KINDS } from "../presentation/session_text.ts";
import {
  type Asked,
  hostOf,
  judge,
  judgementText,
  parseRules,
  type Rule,
  RulesError,
} from "./rules.ts";

const NOON = new Date(2026, 10, 26, 12).getTime();
const note: Asked = { requester: "ann", event: { kind: 1, content: "hello", tags: [] } };
const login = (...urls: string[]): Asked => ({
  requester: "ann",
  event: { kind: 27235, content: "", tags: urls.map((url) => ["u", url]) },
});
const decide = (rules: Rule[], asked: Asked, now = NOON, history = new Map<number, number[]>()) =>
  judge(rules, asked, now, history).decision;

Deno.test("the first rule that fits decides, and what none fits is asked", () => {
  const rules: Rule[] = [{ then: "deny", requesters: ["eve"] }, { then: "allow", kinds: [1] }];
  assert.equal(decide(rules, note), "allow");
  assert.equal(decide(rules, { ...note, requester: "eve" }), "deny");
  assert.equal(
    decide(rules, { requester: "ann", event: { kind: 7, content: "+", tags: [] } }),
    "ask",
  );
  assert.equal(decide([], note), "ask");
});

Deno.test("no wildcard lets a credential or what nobody can read through", () => {
  const all: Rule[] = [{ then: "allow" }];
  assert.equal(decide(all, note), "allow");
  assert.equal(decide(all, login("https://bank.example/x")), "ask");
  assert.equal(decide(all, { requester: "ann" }), "ask");
  assert.equal(decide([{ then: "allow", kinds: [27235] }], login("https://bank.example/x")), "ask");
  assert.equal(
    decide([{ then: "allow", hosts: ["bank.example"] }], login("https://bank.example/x")),
    "ask",
  );
  const named: Rule[] = [{ then: "allow", kinds: [27235], hosts: ["bank.example"] }];
  assert.equal(decide(named, login("https://bank.example/x")), "allow");
  for (const url of ["https://bank.example.evil/x", "https://evil/?bank.example", "no url"]) {
    assert.equal(decide(named, login(url)), "ask", url);
  }
  assert.equal(decide(named, login("https://bank.example/x", "https://evil/")), "ask");
  const relay = [["relay", "wss://relay.example:4848"]];
  assert.equal(hostOf({ kind: 22242, tags: relay }), "relay.example:4848");
  const urls = [["u", "https://one.example/"], ["relay", "wss://one.example"], [
    "server",
    "one.example",
  ]];
  const all_hosts = { then: "allow", kinds: CREDENTIAL_KINDS, hosts: ["one.example"] } as const;
  for (const kind of CREDENTIAL_KINDS) {
    const allowed = urls.filter((tag) => {
      const event = { kind, content: "", tags: [["t", "upload"], tag] };
      assert.equal(decide(all, { requester: "ann", event }), "ask", `${kind}`);
      return decide([all_hosts], { requester: "ann", event }) === "allow";
    });
    // By its own tag alone: a file server takes a permission that names no server as one for all.
    assert.deepEqual(allowed.map(([name]) => name), [
      { 22242: "relay", 24242: "server", 27235: "u" }[kind],
    ]);
  }
  assert.equal(hostOf({ kind: 27235, tags: [["u", `https://${"a".repeat(254)}`]] }), undefined);
});

Deno.test("size, hours, an end and caps bound what a rule allows", () => {
  assert.equal(decide([{ then: "allow", maxBytes: 5 }], note), "allow");
  assert.equal(decide([{ then: "allow", maxBytes: 4 }], note), "ask");
  assert.equal(decide([{ then: "allow", hours: [8, 12] }], note), "ask");
  assert.equal(decide([{ then: "allow", hours: [22, 13] }], note), "allow");
  assert.equal(decide([{ then: "allow", until: new Date(NOON).toISOString() }], note), "ask");
  assert.equal(decide([{ then: "allow", until: new Date(NOON + 1).toISOString() }], note), "allow");
  const spent = new Map([[1, [NOON - 3_599_000, NOON - 5_000_000]]]);
  assert.equal(decide([{ then: "allow", perHour: 1 }], note, NOON, spent), "ask");
  assert.equal(decide([{ then: "allow", perHour: 2 }], note, NOON, spent), "allow");
  assert.equal(decide([{ then: "allow", perDay: 2 }], note, NOON, spent), "ask");
});

Deno.test("a refusal says by which rule, and which rule would have allowed it", () => {
  for (const asked of [note, login("https://bank.example/x")]) {
    const judged = judge([{ then: "deny" }], asked, NOON, new Map());
    assert.match(
      judgementText(judged, asked),
      /deny\. Rule 1 says deny\.\nThis rule would allow it: \{/,
    );
    assert.ok(judged.wouldAllow);
    assert.equal(decide([judged.wouldAllow], asked), "allow");
  }
});

Deno.test("a file of rules that is none is refused with the rule and the field", () => {
  const cases: [unknown, RegExp][] = [
    [{}, /must be a list/],
    [[{ then: "perhaps" }], /Rule 1: then must be/],
    [[{ then: "allow" }, { then: "deny", kind: [1] }], /Rule 2: there is no field kind/],
    [[{ then: "allow", kinds: [] }], /kinds must be a list/],
    [[{ then: "allow", hours: [8, 25] }], /hours must be two hours/],
    [[{ then: "allow", until: "tomorrow" }], /until must be a date/],
  ];
  for (const [value, sentence] of cases) {
    assert.throws(() => parseRules(value), (error) => {
      assert.ok(error instanceof RulesError);
      assert.match(error.message, sentence);
      return true;
    });
  }
  assert.equal(parseRules([{ then: "allow", kinds: [1], hours: [8, 22], perDay: 3 }]).length, 1);
});
