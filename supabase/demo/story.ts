/**
 * The demo itself: a signature in two rounds, from the key to the event, two attempts that must not succeed, and a
 * signature with one tap each.
 */
import { join } from "node:path";
import { npubEncode } from "nostr-tools/nip19";
import { dealKey, type DealtKey } from "../../client/guardian/dealer.ts";
import { Guardian } from "../../client/guardian/guardian.ts";
import { guardianTransport } from "../../client/guardian/guardian_transport.ts";
import { FileNonceStore } from "../../client/guardian/stores/file_nonce_store.ts";
import {
  eventId,
  type EventTemplate,
  finishEvent,
  nostrPublicKey,
} from "../functions/_shared/frost/nostr.ts";
import { Member, must, registerKey } from "../local/family.ts";
import type { StackAddress } from "../local/stack.ts";
import { bringUpStack, checkEvent, list, refusal } from "./scenes.ts";
import type { Steps } from "./steps.ts";

const NAMES = ["alice", "bob", "carol"];
const THRESHOLD = 2;

/** Tells the story; what it starts, it leaves to `owned` to stop. */
export async function tell(steps: Steps, owned: AsyncDisposableStack): Promise<void> {
  steps.chapter("The stack");
  const stack = await bringUpStack(steps, owned);

  steps.chapter("The key");
  const key = await steps.step(
    `A dealer splits a fresh key for ${list(NAMES)}`,
    // A promise, so that a mistake in there is this step's.
    () =>
      Promise.try(() => dealKey({ familyId: "demo", threshold: THRESHOLD, participants: NAMES })),
    () => `any ${THRESHOLD} sign`,
  );
  const { registration } = key;
  await steps.step(
    "The coordinator checks and registers its public half",
    () => registerKey(stack, registration),
    ({ epoch }) => `epoch ${epoch}`,
  );
  steps.note(npubEncode(nostrPublicKey(registration.groupPublicKey)));
  const guardians = await steps.step(
    "Each guardian logs in, with a nonce store of its own",
    () => logIn(stack, key, owned),
  );
  const [alice, bob, carol] = guardians.map(({ member }) => member);

  steps.chapter("The request");
  const template: EventTemplate = {
    kind: 1,
    created_at: Math.floor(Date.now() / 1000),
    tags: [["t", "permafrost"]],
    content: "Two of three of us agreed to say this. None of us holds the key.",
  };
  const request = {
    familyId: registration.familyId,
    messageHash: eventId(template, registration.groupPublicKey),
    participants: NAMES,
    threshold: THRESHOLD,
    eventTemplate: template,
    eventType: "note",
  };
  const { sessionId } = await steps.step(
    "alice asks for a signature on a Nostr note",
    async () => must(await alice.sessions.createSession(request)),
    ({ status }) => status,
  );
  steps.note(`session ${sessionId}`);

  steps.chapter("Round one: nonce commitments");
  const { nonceCommitment } = await commit(steps, alice, sessionId);
  await commit(steps, bob, sessionId);
  await refusal(steps, "carol commits, too late", "round_closed", async () => {
    const { answer } = await carol.commit(sessionId);
    return answer;
  });

  steps.chapter("Round two: signature shares");
  await sign(steps, alice, sessionId);
  const { finalSignature } = await sign(steps, bob, sessionId);
  if (finalSignature === undefined) throw new Error("The last share did not finish the session.");

  steps.chapter("The event");
  const event = finishEvent(template, registration.groupPublicKey, finalSignature);
  console.log(JSON.stringify(event, null, 2).replaceAll(/^/gm, "  "));
  await checkEvent(steps, event);

  steps.chapter("The same nonce again");
  const second = await steps.step(
    "alice asks for another signature",
    async () => must(await alice.sessions.createSession(request)),
    ({ status }) => status,
  );
  await refusal(
    steps,
    "Her commitment from before is sent for it",
    "nonce_reused",
    () => alice.sessions.submitNonceCommitment(second.sessionId, nonceCommitment),
  );

  await oneTap(steps, registration, guardians, template);
}

/** Two guardians answer once each, at different times, and the third is away. */
async function oneTap(
  steps: Steps,
  { familyId, groupPublicKey }: DealtKey["registration"],
  guardians: readonly LoggedIn[],
  template: EventTemplate,
): Promise<void> {
  const [alice, bob] = guardians;
  steps.chapter("One tap: each comes once, when it suits");
  for (const { member, guardian } of guardians) {
    await steps.step(
      `${member.participant} publishes nonce commitments ahead`,
      async () => must(await guardian.publishNonces(2)),
      ({ available }) => `${available} in the pool`,
    );
  }
  const eventTemplate = { ...template, content: "One tap each, never online together." };
  const request = {
    familyId,
    messageHash: eventId(eventTemplate, groupPublicKey),
    participants: NAMES,
    threshold: THRESHOLD,
    eventTemplate,
    mode: "one_tap" as const,
  };
  const { sessionId } = await steps.step(
    "bob asks every pair of them at once",
    async () => must(await bob.member.sessions.createSession(request)),
    ({ mode, quorums }) => `${mode}, ${quorums.length} quorums`,
  );
  steps.note("carol is away, and is not missed");
  await approve(steps, bob, sessionId, "and closes the app");
  const finalSignature = await approve(steps, alice, sessionId, "when it suits her");
  if (finalSignature === undefined) throw new Error("The second tap did not finish the session.");
  await checkEvent(steps, finishEvent(eventTemplate, groupPublicKey, finalSignature));
}

async function approve(
  steps: Steps,
  { member, guardian }: LoggedIn,
  sessionId: string,
  when: string,
): Promise<string | undefined> {
  return await steps.step(
    `${member.participant} approves, ${when}`,
    async () => {
      const { sessions: [approved] } = must(await guardian.approve(sessionId));
      return must(approved).finalSignature;
    },
    (signature) => signature === undefined ? "done, one to go" : "signed",
  );
}

/** A guardian's login, and its device. */
interface LoggedIn {
  readonly member: Member;
  readonly guardian: Guardian;
}

async function logIn(
  stack: StackAddress,
  { registration: { familyId }, keyShares }: DealtKey,
  owned: AsyncDisposableStack,
): Promise<LoggedIn[]> {
  const folder = await Deno.makeTempDir({ prefix: "permafrost-demo-" });
  owned.defer(() => Deno.remove(folder, { recursive: true }));
  return await Promise.all(keyShares.map(async (keyShare) => {
    const store = await FileNonceStore.open(join(folder, keyShare.participant_id));
    const member = await Member.logIn({ stack, familyId, keyShare, store });
    const transport = guardianTransport(member.supabase);
    return { member, guardian: new Guardian({ keyShare, store, transport, familyId }) };
  }));
}

async function commit(steps: Steps, member: Member, sessionId: string) {
  return await steps.step(
    `${member.participant} keeps fresh nonces and commits to them`,
    async () => {
      const { nonceCommitment, answer } = await member.commit(sessionId);
      return { nonceCommitment, ...must(answer) };
    },
    ({ status }) => status,
  );
}

async function sign(steps: Steps, member: Member, sessionId: string) {
  return await steps.step(
    `${member.participant} forgets the nonces and answers with a share`,
    async () => must((await member.sign(sessionId)).answer),
    ({ status }) => status,
  );
}
