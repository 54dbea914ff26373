/** The console when things go wrong: lies, two tabs, no network, an ended login. */
import assert from "node:assert/strict";
import { z } from "zod";
import { eventId } from "../../functions/_shared/frost/nostr.ts";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import { oneTimeKey, recipientFingerprint } from "../../../client/recovery/envelope.ts";
import { RecoveryRequester } from "../../../client/recovery/requester.ts";
import { FrostSessionManager } from "../../../client/sessions/manager.ts";
import { findChromium } from "../support/chromium.ts";
import { must } from "../support/app_family.ts";
import { CeremonyFamily } from "../support/ceremony_family.ts";
import { Person, shellIsKept, withBrowser } from "../support/console.ts";
import { withStack } from "../support/harness.ts";
import { chainOf, type Told as ToldEvent } from "../support/simulated_transcript.ts";
import { type Told, withFittingId } from "../support/lying_server.ts";

const ignore = findChromium() === undefined;

const THREE = { kind: "dkg", threshold: 2, participants: ["ann", "bob", "cleo"] } as const;

/** A family with a key, whose ann has come back at a console. */
async function withAnn(
  work: (ann: Person, family: CeremonyFamily) => Promise<void>,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  await withStack((stack) =>
    withBrowser(async (browser) => {
      const family = await CeremonyFamily.found(stack, THREE.participants, "smith");
      await family.hold("ann", THREE);
      const ann = await Person.arrive(browser, stack, "ann");
      await ann.comeBack({ smith: "ann", ...more }, family.guardian("ann").hostKey.words);
      await work(ann, family);
      assert.deepEqual(ann.complaints, []);
    })
  );
}

/** What its server tells somebody from now on in the place of what is so, by the name of the question. */
async function liesTo({ page }: Person): Promise<Map<string, (told: Told) => Told>> {
  const lies = new Map<string, (told: Told) => Told>();
  await page.route("**/rest/v1/rpc/*", async (route) => {
    const lie = lies.get(route.request().url().split("/").at(-1) ?? "");
    if (lie === undefined) return await route.fallback();
    const response = await route.fetch();
    const told = await response.json();
    await route.fulfill({ response, json: Array.isArray(told) ? told.map(lie) : lie(told) });
  });
  return lies;
}

const noteOf = (content: string) => ({ kind: 1, created_at: 1_790_000_000, tags: [], content });

/** Bob asks for a signature on a note, or on a hash alone. */
async function ask(family: CeremonyFamily, content?: string): Promise<string> {
  const { supabase, keyShare } = family.guardian("bob");
  assert.ok(keyShare);
  const eventTemplate = content === undefined ? undefined : noteOf(content);
  const { sessionId } = must(
    await new FrostSessionManager(supabase).createSession({
      familyId: family.id,
      messageHash: eventTemplate === undefined
        ? "5a".repeat(32)
        : eventId(eventTemplate, keyShare.group_public_key),
      eventTemplate,
      participants: THREE.participants,
      threshold: 2,
      mode: "robust",
      expirationSeconds: 3600,
    }),
  );
  return sessionId;
}

/** Until the server has ann's commitment: from then on her approval is noted on her device. */
async function annHasCommitted(family: CeremonyFamily, sessionId: string): Promise<void> {
  const { supabase } = family.guardian("bob");
  const sessions = new FrostSessionManager(supabase);
  const signal = AbortSignal.timeout(20_000);
  for (;;) {
    signal.throwIfAborted();
    const { session } = must(await sessions.getSession(sessionId, { signal }));
    if (session.quorums.some(({ commitments }) => Object.hasOwn(commitments, "ann"))) return;
  }
}

Deno.test({
  name:
    "what hides in a text is shown, what nobody can read needs a setting, and a no is final and told",
  ignore,
  async fn() {
    await withAnn(async (ann, family) => {
      await ask(family, "pay \u202e100\u200b EUR");
      await ann.sees("pay ⟨U+202E⟩100⟨U+200B⟩ EUR");
      await ann.press("Decline …");
      await ann.fill("Why, for the others to read", "Not without a call");
      await ann.press("Decline");
      await ann.sees("You have declined");
      await ann.sees("Nothing awaits you");
      await ann.go("Sessions");
      await ann.sees(/ann declined: Not without a call/);

      const id = await ask(family);
      await ann.go("Inbox");
      await ann.sees("Unreadable: nobody can tell from this what you would sign");
      await ann.picture("unreadable");
      assert.ok(await ann.page.getByRole("button", { name: "Approve" }).isDisabled());
      await ann.go("Device");
      await ann.tick(/may sign hashes without an event/);
      await ann.picture("device");
      await ann.go("Inbox");
      await ann.press("Approve");
      await family.approve("bob", id);
      await ann.sees("The signature is there");
    });
  },
});

Deno.test({
  name: "a server that shows another text, and another host key, gets nothing",
  ignore,
  async fn() {
    await withAnn(async (ann, family) => {
      // Another event than the one whose hash is to be signed.
      await ann.page.route("**/rest/v1/rpc/get_signing_sessions", async (route) => {
        const response = await route.fetch();
        const text = (await response.text()).replaceAll("Nothing of weight", "All that we have");
        await route.fulfill({ response, body: text });
      });
      await ask(family, "Nothing of weight");
      await ann.sees(/Not signed: /);
      await ann.sees("Nothing awaits you");
      // Another one, with its own hash, once the first was shown.
      await ask(family, "What was shown");
      await ann.sees("What was shown");
      const key = family.guardian("ann").keyShare?.group_public_key ?? "";
      const hashOf = (content: string) => eventId(noteOf(content), key);
      await ann.page.route("**/rest/v1/rpc/get_signing_session*", async (route) => {
        const response = await route.fetch();
        const text = (await response.text()).replaceAll("What was shown", "Something else")
          .replaceAll(hashOf("What was shown"), hashOf("Something else"));
        await route.fulfill({ response, body: text });
      });
      await ann.press("Approve");
      await ann.sees("The server shows another text now");

      await ann.go("Family");
      const bobs = ann.page.getByRole("article", { name: "bob" });
      await bobs.getByRole("button", { name: "bob has read me these digits" }).click();
      await bobs.getByText("You have compared these digits").waitFor();
      await ann.picture("family");
      // Bob's device is another one now, or somebody else's.
      await family.admit("bob");
      await ann.sees("This is another key than the one that you have compared");
      await family.start("cleo", { ...THREE, kind: "reshare", dealers: ["ann", "cleo"] });
      await ann.go("Ceremonies");
      await ann.page.getByRole("link", { name: /dealt anew/ }).click();
      await ann.sees(/The host key of bob is not the one that you have compared/);
      await ann.tick(/The others have the same words/);
      assert.ok(await ann.page.getByRole("button", { name: "Take part" }).isDisabled());
      await ann.picture("another-host-key");
    });
  },
});

const Chain = z.object({
  subject: z.string(),
  subject_id: z.string(),
  family_id: z.string(),
  events: z.tuple(
    [z.object({ event: z.string(), actor: z.string(), detail: z.string() })],
    z.unknown(),
  ),
});

Deno.test({
  name: "a record that was rewritten is told of, and what cannot be shown breaks no other page",
  ignore,
  async fn() {
    await withAnn(async (ann, family) => {
      const lies = await liesTo(ann);
      const id = await ask(family, "For the record");
      await ann.sees("For the record");
      await ann.press("Approve");
      await family.approve("bob", id);
      await ann.sees("Nothing awaits you");
      await ann.go("Sessions");
      await ann.page.getByRole("link", { name: /bob asks/ }).click();
      await ann.sees("Checked on this device: the record is whole");
      // Another chain, as an attacker with the database can make one.
      lies.set("get_transcript", (told) => {
        const { subject, subject_id, family_id, events: [{ event, actor, detail }] } = Chain.parse(
          told,
        );
        const created: ToldEvent = [event, actor, JSON.parse(detail)];
        return { ...told, ...chainOf([created], { subject, subject_id, family_id }) };
      });
      await ann.sees(/This record does not hold: .*Tell the others, and sign nothing/);
      // What stands beside it must be what it proves.
      lies.clear();
      lies.set("get_signing_session", (told) => ({ ...told, final_signature: "ab".repeat(64) }));
      await ann.sees(/It is not of the message and the signature that stand here/);
      lies.set("get_transcript", (told) => ({ ...told, subject_id: "another" }));
      await ann.sees(/The server answers with another session/);
      lies.clear();

      lies.set("get_signing_session", (told) => ({ ...told, created_at: 9e15 }));
      await ann.sees(/9000000000000000 ms after 1970/);
      await ann.visit("#/sessions/%");
      await ann.heading("Session");
      await ann.go("Family");
      await ann.page.getByRole("article", { name: "bob" }).waitFor();
      lies.set("list_host_keys", (told) => ({ ...told, host_public_key: "no key" }));
      await ann.sees("This cannot be shown");
      await ann.go("Inbox");
      await ann.sees("Nothing awaits you");
    });
  },
});

Deno.test({
  name: "a key that is dealt anew leaves the older sessions theirs",
  ignore,
  async fn() {
    await withAnn(async (ann, family) => {
      const old = await ask(family, "Under the first key");
      await Promise.all(["bob", "cleo"].map((name) => family.approve(name, old)));
      const reshare = { ...THREE, kind: "reshare", dealers: ["bob", "cleo"] } as const;
      const started = await family.start("bob", reshare);
      await ann.go("Ceremonies");
      await ann.page.getByRole("link", { name: /dealt anew/ }).click();
      await ann.tick(/The others have the same words/);
      await ann.press("Take part");
      await Promise.all(["bob", "cleo"].map((name) => family.join(name, started)));
      await ann.sees("Your share of epoch 2 is on this device");
      await ann.go("Sessions");
      await ann.page.getByRole("link", { name: /bob asks/ }).click();
      await ann.sees("Under the first key");
      await ann.sees("Checked on this device: the record is whole");
    });
  },
});

Deno.test({
  name:
    "two tabs of one guardian sign once and agree; without a network the page opens, and goes on with one",
  ignore,
  async fn() {
    await withAnn(async (ann, family) => {
      const other = await ann.context.newPage();
      await other.goto(ann.page.url());
      await other.getByLabel("Passphrase").fill("four words are better");
      await other.getByRole("button", { name: "Unlock", exact: true }).click();
      const first = await ask(family, "From two tabs");
      const inOther = other.getByText("bob asks for a signature: note (kind 1)");
      await inOther.waitFor();
      await ann.press("Approve");
      await family.approve("bob", first);
      await ann.sees("The signature is there");
      await inOther.waitFor({ state: "detached" });
      await other.close();

      await shellIsKept(ann.page);
      await ann.context.setOffline(true);
      await ann.reopen();
      await ann.go("Family");
      await ann.sees("The server cannot be reached");
      const second = await ask(family, "While ann was away");
      await ann.context.setOffline(false);
      await ann.go("Inbox");
      await ann.press("Approve");
      await annHasCommitted(family, second);
      // What was approved is done by another tab, and not asked again.
      await ann.reopen();
      await family.approve("bob", second);
      await ann.sees("The signature is there");
    });
  },
});

Deno.test({
  name: "an ended login loses nothing, and one login serves several families",
  ignore,
  async fn() {
    await withAnn(async (ann, family) => {
      await ann.page.getByLabel("Family").selectOption("treasury");
      await ann.sees("This device has no share of this family's key");
      // What awaits in another family is told, and is there at once.
      const there = await ask(family, "In the other one");
      await ann.page.getByRole("option", { name: "smith (1 waiting)" }).waitFor({
        state: "attached",
      });
      await ann.page.getByLabel("Family").selectOption("smith");
      await ann.press("Approve");
      await family.approve("bob", there);
      await ann.sees("The signature is there");

      await ann.page.route(
        "**/auth/v1/token?grant_type=refresh_token",
        (route) =>
          route.fulfill({ status: 400, json: { code: "refresh_token_not_found", message: "No" } }),
      );
      await ann.page.evaluate(`{
        const key = Object.keys(localStorage).find((key) => key.endsWith("-auth-token"));
        const session = { ...JSON.parse(localStorage.getItem(key)), expires_at: 1 };
        localStorage.setItem(key, JSON.stringify(session));
      }`);
      await ann.heading("Log in");
      await ann.sees("Your login has ended. Nothing on this device is lost");
      const id = await ask(family, "Meanwhile");
      await ann.fill("E-mail", ann.email);
      await ann.fill("Password", "a password of the account");
      await ann.press("Log in");
      await ann.press("Approve");
      await family.approve("bob", id);
      await ann.sees("The signature is there");

      // A passphrase that was mistyped once would open nothing: it is typed twice.
      await ann.go("Device");
      await ann.fill("Another passphrase", "another one, of words");
      await ann.fill("The same again", "another one, of wrods");
      await ann.press("Change the passphrase");
      await ann.sees("The two are not the same");
      await ann.fill("The same again", "another one, of words");
      await ann.press("Change the passphrase");
      await ann.page.getByRole("button", { name: "Change the passphrase", disabled: true })
        .waitFor();
      await ann.press("Lock");
      await ann.fill("Passphrase", "another one, of words");
      await ann.press("Unlock");
      await ann.heading("Device");
    }, { treasury: "member-7" });
  },
});

Deno.test({
  name:
    "what was compared is what is pressed: a server that shows another thing after that gets nothing",
  ignore,
  async fn() {
    await withAnn(async (ann, family) => {
      const stranger = HostKey.generate().publicKey;
      const lies = await liesTo(ann);
      const button = (name: string) => ann.page.getByRole("button", { name, exact: true });

      // Digits that came after those that bob has read aloud.
      await ann.go("Family");
      await button("bob has read me these digits").waitFor();
      lies.set(
        "list_host_keys",
        (told) => told.participant_id === "bob" ? { ...told, host_public_key: stranger } : told,
      );
      await ann.sees("These digits have changed while you looked");
      assert.equal(await button("bob has read me these digits").count(), 0);
      lies.clear();

      // Terms that came after the words were compared.
      const started = await family.start("bob", THREE);
      await ann.go("Ceremonies");
      await ann.page.getByRole("link", { name: /A new key/ }).first().click();
      await ann.tick(/The others have the same words/);
      assert.ok(await button("Take part").isEnabled());
      lies.set("get_key_ceremony", (told) => {
        const keys = Object(told.host_public_keys);
        return withFittingId({ ...told, host_public_keys: [keys[0], stranger, keys[2]] });
      });
      await ann.sees("The server contradicts itself");
      assert.equal(await button("Take part").count(), 0);
      // Of another family, though the others may see the same words.
      await ann.go("Ceremonies");
      lies.set("get_key_ceremony", (told) => withFittingId({ ...told, family_id: "treasury" }));
      await ann.page.getByRole("link", { name: /A new key/ }).first().click();
      await ann.sees("The server contradicts itself");
      await ann.go("Ceremonies");
      lies.clear();
      await ann.page.getByRole("link", { name: /A new key/ }).first().click();
      await ann.tick(/The others have the same words/);
      await ann.press("Take part");

      // Another key than the one whose words were read aloud.
      const closing = new AbortController();
      const joining = ["bob", "cleo"].map((name) =>
        family.join(name, started, { signal: closing.signal })
      );
      await ann.tick("The new guardians have read me these words");
      assert.ok(await button("Agree").isEnabled());
      lies.set(
        "get_key_ceremony",
        (told) => ({ ...told, key_package: { ...Object(told.key_package), epoch: 9 } }),
      );
      await button("Agree").and(ann.page.locator(":disabled")).waitFor();
      lies.clear();
      closing.abort();
      await Promise.all(joining);

      // Another device than the one that has shown its digits.
      const { supabase, keyShare } = family.guardian("bob");
      assert.ok(keyShare);
      const requester = RecoveryRequester.prepare(supabase, {
        familyId: family.id,
        messageHash: "5a".repeat(32),
        participants: THREE.participants,
        threshold: 2,
        useCase: "emergency_recovery",
      });
      must(await requester.send());
      await ann.go("Inbox");
      await ann.sees(requester.fingerprint);
      await ann.tick("I have heard these digits from them, by voice or in person");
      assert.ok(await button("Give my share").isEnabled());
      const { publicKey } = oneTimeKey();
      lies.set("list_recovery_requests", (told) => ({ ...told, recipient_public_key: publicKey }));
      await ann.sees(recipientFingerprint(publicKey));
      assert.ok(await button("Give my share").isDisabled());
    });
  },
});
