/** docs/http.md has the functions, the RPCs and the tables that there are, as they are. */
import assert from "node:assert/strict";
import { z } from "zod";
import { verifyTranscript } from "../../../client/sessions/transcript.ts";
import { CreatedSessions, SigningPackage } from "../../functions/_shared/database.ts";
import { ERRORS } from "../../functions/_shared/errors.ts";
import { eventId } from "../../functions/_shared/frost/nostr.ts";
import { CIPHERSUITES } from "../../functions/_shared/frost/suites.ts";
import { EventTemplate } from "../../functions/_shared/input.ts";
import {
  prepareVerification,
  verifyShare,
  verifySignature,
} from "../../functions/_shared/frost/verification.ts";
import { listFunctions } from "../../local/functions.ts";
import { type Answer, call } from "../support/answers.ts";
import { register, serviceRpc } from "../support/http_family.ts";
import { Recovering } from "../support/http_recovery.ts";
import { freshDatabase, withStack } from "../support/harness.ts";
import { readPage, readTable } from "./markdown.ts";
import { ceremonies } from "./ceremony_examples.ts";
import { otherModes } from "./other_modes.ts";

const page = await readPage("docs/http.md");
const functions = await listFunctions();

/** The examples: a body by the function's name, an answer by name and status. */
const examples = new Map<string, unknown>(
  page.blocks.filter(({ language }) => language === "json")
    .map(({ words, text }) => [words.join(" "), JSON.parse(text)]),
);

/** The rows of the tables of RPCs. */
const rpcs = page.prose.split("\n").filter((line) => /^\| `\w+\(/.test(line)).map((line) => {
  const [, signature, caller, , codes] = line.split("|").map((cell) => cell.trim());
  return { signature: signature.replaceAll("`", ""), caller, codes };
});

Deno.test("docs/http.md has a section for each function, and for no other", () => {
  const [, part = ""] = /^## Functions$([^]*?)^## /m.exec(page.prose) ?? [];
  const sections = [...part.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
  assert.deepEqual(sections.sort(), functions.sort());
});

for (const name of functions) {
  Deno.test(`docs/http.md has the fields of ${name}, and a body that it takes`, async () => {
    const { Body }: { Body?: z.ZodObject } = await import(`../../functions/${name}/index.ts`);
    const { Item }: { Item?: z.ZodObject } = await import(`../../functions/${name}/index.ts`);
    assert.equal(examples.has(name), Body !== undefined);
    if (Body === undefined) return;
    assert.deepEqual(fieldsIn(`### ${name}`), fieldsTaken(Body));
    if (Item !== undefined) {
      assert.deepEqual(fieldsIn(`#### An item of ${name}`), fieldsTaken(Item));
    }
    for (const [example, body] of examples) {
      if (example.split(" ")[0] !== name || /\d$/.test(example)) continue;
      const { items } = z.looseObject({ items: z.array(z.unknown()).default([]) })
        .parse(Body.parse(body));
      for (const item of items) Item?.parse(item);
    }
  });
}

function fieldsIn(heading: string): unknown[][] {
  return readTable(page, heading)
    .map(([field, , needed]) => [...codeIn(field), needed === "required"]);
}

function fieldsTaken({ shape }: z.ZodObject): unknown[][] {
  return Object.entries(shape).map(([field, type]) => [field, !type.isOptional()]);
}

Deno.test("docs/http.md has every RPC, its parameters and who may call it", async () => {
  await using database = await freshDatabase();
  const existing = await database.sql`
    select p.proname || '(' || array_to_string(array(
        select concat_ws(' ', name, nullif(format_type(type, null), 'text'))
        from unnest(p.proargnames, p.proargtypes::oid[]) with ordinality as u (name, type, place)
        order by place), ', ') || ')' as signature,
      p.pronargdefaults as defaults,
      concat_ws(', ',
        case when has_function_privilege('authenticated', p.oid, 'execute') then 'member' end,
        case when has_function_privilege('service_role', p.oid, 'execute') then 'service' end
      ) as caller
    from pg_proc as p where p.pronamespace = 'public'::regnamespace`;
  const described = rpcs.map(({ signature, caller }) => ({
    signature: signature.replaceAll(/ = [^,)]+/g, ""),
    defaults: signature.split(" = ").length - 1,
    caller,
  }));
  const sorted = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();
  assert.deepEqual(sorted(described), sorted(existing));
});

Deno.test("docs/http.md has the tables that members read, and no others", async () => {
  await using database = await freshDatabase();
  const tables = await database.sql`
    select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')
      and has_table_privilege('authenticated', oid, 'select')`;
  assert.deepEqual(firstColumn("## Tables"), tables.map(({ relname }) => relname).sort());
});

Deno.test("docs/http.md names the codes of the catalogue, each somewhere, and no others", () => {
  const paragraphs = [...page.prose.matchAll(/^Codes: [^]*?\n$/gm)].map(([text]) => text);
  assert.equal(paragraphs.length, 1 + functions.length, "What all can answer, and what each can");
  const named = [...paragraphs, ...rpcs.map(({ codes }) => codes)].flatMap(codeIn);
  assert.deepEqual([...new Set(named)].sort(), Object.keys(ERRORS).sort());
});

Deno.test("docs/http.md shows what is answered", async () => {
  await withStack(async (stack) => {
    const { database } = stack;
    const seen = new Set<string>();
    const asShown = (name: string, answer: Answer) => {
      const example = `${name} ${answer.status}`;
      assert.ok(examples.has(example), `${example} ${answer.text}`);
      assert.deepEqual(shapeOf(answer.body), shapeOf(examples.get(example)), example);
      seen.add(example);
      return answer.body;
    };
    const recovering = await Recovering.found(stack);
    const { family } = recovering;
    const read = (name: string, args: Readonly<Record<string, string>>) =>
      family.rpc("ann", name, args);

    asShown("register-key-package", await register(stack, family.key.registration));
    const webhook = examples.get("notify-guardians");
    const { secretKey: apikey } = stack;
    asShown("notify-guardians", await call(stack, "notify-guardians", { apikey }, webhook));
    const request = family.eventRequest();
    await otherModes(family, asShown);
    const born = await ceremonies(stack, {
      sent: (name, body) => assert.deepEqual(fieldsOf(body), fieldsOf(examples.get(name)), name),
      answered: asShown,
    });
    assert.deepEqual(firstColumn("### A ceremony"), fieldsOf(born.view));
    assert.deepEqual(firstColumn("### Recovery data"), fieldsOf(born.recovery));
    assert.deepEqual(firstColumn("### A key's status"), fieldsOf(born.status));
    const created = await family.call("ann", "create-signing-request", request);
    const sessionId = String(asShown("create-signing-request", created).sessionId);
    const session = { p_session_id: sessionId };
    asShown("submit-nonce-commitment", await family.commit("ann", sessionId));
    await family.commit("bob", sessionId);
    asShown("submit-nonce-commitment", await family.commit("cleo", sessionId));
    const late = { ...session, p_participant_id: "cleo", p_nonce_commitment: "00" };
    asShown("record_nonce_commitment", await serviceRpc(stack, "record_nonce_commitment", late));
    asShown("get_signing_package", await read("get_signing_package", session));
    await family.share("ann", sessionId);
    asShown("submit-signature-share", await family.share("bob", sessionId));
    asShown("aggregate-signature", await family.call("ann", "aggregate-signature", { sessionId }));
    const { body } = await read("get_signing_session", session);
    assert.deepEqual(firstColumn("### A session"), fieldsOf(body));
    asShown("get_signing_session", await read("get_signing_session", { p_session_id: "none" }));
    asShown("decline-signing-request", await recovering.decline("cleo", await family.create()));

    const requestId = await recovering.create();
    asShown("submit-recovery-share", await recovering.submit("bob", requestId));
    asShown("reject-recovery-share", await recovering.reject(requestId, "bob"));
    assert.deepEqual(
      firstColumn("### A recovery request"),
      fieldsOf(await recovering.see(requestId)),
    );
    for (const guardian of ["bob", "cleo"]) await recovering.submit(guardian, requestId);
    const signature = await recovering.sign(requestId);
    asShown("complete-recovery", await recovering.complete(requestId, signature));
    const transcript = { p_subject: "session", p_subject_id: sessionId };
    asShown("get_transcript", await read("get_transcript", transcript));
    await database.sql`
      insert into permafrost.limits values ('creations_per_minute', ${family.id}, 0)`;
    asShown("create-signing-request", await family.call("ann", "create-signing-request", request));
    assert.deepEqual(
      [...seen].sort(),
      [...examples.keys()].filter((key) => /\d$/.test(key)).sort(),
    );

    const env = {
      API_URL: stack.apiUrl,
      PUBLISHABLE_KEY: stack.publishableKey,
      TOKEN: await family.token("ann"),
    };
    for (const { text } of page.blocks.filter(({ language }) => language === "sh")) {
      const { stdout } = await new Deno.Command("bash", { args: ["-c", text], env }).output();
      assert.match(new TextDecoder().decode(stdout), /^\[\{.*\}\]$/);
    }
  });
});

Deno.test("the examples of docs/http.md are of one key and one session, and verify", () => {
  const signingPackage = SigningPackage.extend({ event_template: z.unknown() })
    .parse(examples.get("get_signing_package 200"));
  const { message, event_template, key_package: key } = signingPackage;
  const { groupPublicKey } = z.object({ groupPublicKey: z.string() })
    .parse(examples.get("register-key-package"));
  assert.equal(key.group_public_key, groupPublicKey);
  assert.equal(eventId(event_template, groupPublicKey), message);
  const verification = prepareVerification({ ...signingPackage, keyPackage: key });
  const { signatureShare } = z.object({ signatureShare: z.string() })
    .parse(examples.get("submit-signature-share"));
  assert.ok(verifyShare(verification, verification.signers[1], signatureShare));
  const { finalSignature } = z.object({ finalSignature: z.string() })
    .parse(examples.get("submit-signature-share 200"));
  assert.ok(verifySignature(key.ciphersuite, groupPublicKey, message, finalSignature));
  const { transcript_head, key_package } = z.object({
    transcript_head: z.string(),
    key_package: z.looseObject({}),
  }).parse(examples.get("get_signing_package 200"));
  const shown = z.looseObject({}).parse(examples.get("get_transcript 200"));
  const transcript = { ...shown, key_package };
  const checked = verifyTranscript(transcript, { seenHead: transcript_head });
  assert.ok(checked.success, JSON.stringify(checked));
  assert.equal(checked.head, transcript_head);
});

Deno.test("the shares and the signature of the one_tap example of docs/http.md verify", () => {
  const { groupPublicKey, verifyingShares, participants, ciphersuite } = z.object({
    groupPublicKey: z.string(),
    verifyingShares: z.record(z.string(), z.string()),
    participants: z.array(z.string()),
    ciphersuite: z.enum(CIPHERSUITES),
  }).parse(examples.get("register-key-package"));
  const keyPackage = {
    ciphersuite,
    participants,
    group_public_key: groupPublicKey,
    verifying_shares: participants.map((name) => verifyingShares[name]),
  };
  const { messageHash: message, eventTemplate } = z.looseObject({ messageHash: z.string() })
    .parse(examples.get("create-signing-request one_tap"));
  assert.equal(eventId(EventTemplate.parse(eventTemplate), groupPublicKey), message);
  const { quorums } = CreatedSessions.pick({ quorums: true })
    .parse(examples.get("create-signing-request one_tap 201"));
  for (const [guardian, example] of [["bob", ""], ["cleo", " cleo"]]) {
    const { items } = z.object({
      items: z.array(z.object({ quorum: z.number(), signatureShare: z.string() })),
    }).parse(examples.get(`submit-signature-shares${example}`));
    for (const { quorum, signatureShare } of items) {
      const { signers, commitments } = quorums[quorum - 1];
      const context = prepareVerification({
        keyPackage,
        signers: signers ?? [],
        commitments,
        message,
      });
      const signer = context.signers.find(({ participant }) => participant === guardian);
      assert.ok(signer !== undefined && verifyShare(context, signer, signatureShare), guardian);
    }
  }
  const { finalSignature } = z.object({ finalSignature: z.string() })
    .parse(examples.get("submit-signature-share 409"));
  assert.ok(verifySignature(ciphersuite, groupPublicKey, message, finalSignature));
  assert.match(
    JSON.stringify(examples.get("submit-signature-shares cleo 200")),
    RegExp(finalSignature),
  );
  assert.deepEqual(
    Object.values(quorums[0].commitments).filter((commitment) =>
      JSON.stringify(examples.get("publish-nonce-commitments")).includes(commitment)
    ).length,
    1,
    "Ann's are those that she publishes",
  );
});

Deno.test("docs/http.md says that an approval cannot be taken back", () => {
  assert.match(
    page.prose,
    /\*\*An approval cannot be taken back\.\*\*[^]*?stops honest servers only/,
  );
});

/** The fields of an answer, of its quorums or results, and of a commitment that came with a share. */
function shapeOf(value: unknown): unknown {
  const { results, quorums, ...rest } = z.looseObject({}).parse(value);
  const each = [results, quorums].map((list) =>
    z.array(z.looseObject({})).optional().parse(list)?.map((item) => [
      ...fieldsOf(item),
      ...item.nextNonceCommitment === undefined ? [] : fieldsOf(item.nextNonceCommitment),
    ])
  );
  return [fieldsOf(rest), ...each];
}

/** What stands in code spans. */
function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}

/** What the first column of the table under a heading names, in alphabetical order. */
function firstColumn(heading: string): string[] {
  return readTable(page, heading).flatMap(([cell]) => codeIn(cell)).sort();
}

/** The names of an object's fields, in alphabetical order. */
function fieldsOf(value: unknown): string[] {
  return Object.keys(z.looseObject({}).parse(value)).sort();
}
