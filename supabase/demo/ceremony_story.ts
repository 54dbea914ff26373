/**
 * The demo of ceremonies: a key is born in shares and signs, a guardian is replaced, an old share is refused, and a
 * device that is lost comes back from its words.
 */
import { npubEncode } from "nostr-tools/nip19";
import { Ceremony } from "../../client/ceremonies/ceremony.ts";
import { registerHostKey, startCeremony } from "../../client/ceremonies/calls.ts";
import { HostKey } from "../../client/ceremonies/host_key.ts";
import { recoverCurrentShare } from "../../client/ceremonies/recovery.ts";
import { MemoryCeremonyStore } from "../../client/ceremonies/store.ts";
import type { KeyShare } from "../../client/guardian/key_share.ts";
import { MemoryNonceStore } from "../../client/guardian/stores/memory_nonce_store.ts";
import {
  eventId,
  type EventTemplate,
  finishEvent,
  nostrPublicKey,
} from "../functions/_shared/frost/nostr.ts";
import { clientOf, Member, must } from "../local/family.ts";
import type { StackAddress } from "../local/stack.ts";
import { bringUpStack, checkEvent, list, refusal } from "./scenes.ts";
import type { Steps } from "./steps.ts";

const FAMILY = "demo";
const THRESHOLD = 2;

/** A guardian, its words and its device. */
interface Person {
  readonly name: string;
  readonly hostKey: HostKey;
  readonly supabase: Awaited<ReturnType<typeof clientOf>>;
}

/** Tells the story; what it starts, it leaves to `owned` to stop. */
export async function tell(steps: Steps, owned: AsyncDisposableStack): Promise<void> {
  steps.chapter("The stack");
  const stack = await bringUpStack(steps, owned);

  steps.chapter("The guardians");
  const alice = await arrive(steps, stack, "alice");
  const bob = await arrive(steps, stack, "bob");
  const carol = await arrive(steps, stack, "carol");

  steps.chapter("A key is born in shares");
  const first = await hold(steps, [alice, bob, carol], "dkg");
  const groupPublicKey = first.alice.group_public_key;
  steps.note(npubEncode(nostrPublicKey(groupPublicKey)));
  await signNote(steps, stack, [first.alice, first.bob], "Nobody ever held this key.");

  steps.chapter("bob leaves, dave comes");
  const dave = await arrive(steps, stack, "dave");
  const second = await hold(steps, [alice, dave, carol], "reshare", [
    { person: alice, share: first.alice },
    { person: bob, share: first.bob },
  ]);
  if (second.dave.group_public_key !== groupPublicKey) throw new Error("The key is another one.");
  steps.note("the same public key, in new shares");
  await signNote(steps, stack, [second.dave, second.carol], "Signed by whoever is there now.");
  await refusal(
    steps,
    "alice answers with her share of before",
    "signers_invalid",
    async () => {
      const member = await memberOf(stack, first.alice);
      const { sessionId } = must(
        await member.sessions.createSession(requestOf(second.alice, "Old")),
      );
      const { session } = must(await member.sessions.getSession(sessionId));
      return must(await member.guardian.approve(session.session_id)).sessions[0];
    },
  );

  steps.chapter("carol's phone fell into the lake");
  const recovered = await steps.step(
    "A new device takes carol's 24 words, and nobody's help",
    async () =>
      must(
        await recoverCurrentShare(carol.supabase, FAMILY, HostKey.fromWords(carol.hostKey.words)),
      ),
    ({ epoch }) => `her share of epoch ${epoch}`,
  );
  await signNote(steps, stack, [recovered.keyShare, second.alice], "carol is back.");
}

async function arrive(steps: Steps, stack: StackAddress, name: string): Promise<Person> {
  const hostKey = HostKey.generate();
  const supabase = await clientOf(stack, name, FAMILY);
  await steps.step(
    `${name} writes down 24 words and registers a host key`,
    async () => must(await registerHostKey(supabase, FAMILY, name, hostKey)),
  );
  steps.note(`fingerprint ${hostKey.fingerprint}`);
  return { name, hostKey, supabase };
}

/** Holds a ceremony; answers everybody's share, by name. */
async function hold(
  steps: Steps,
  people: readonly Person[],
  kind: "dkg" | "reshare",
  dealers: readonly { person: Person; share: KeyShare }[] = [],
): Promise<Record<string, KeyShare>> {
  const participants = people.map(({ name }) => name);
  const started = await steps.step(
    `${people[0].name} starts a ${kind === "dkg" ? "key ceremony" : "reshare"} for ${
      list(participants)
    }`,
    async () =>
      must(
        await startCeremony(people[0].supabase, {
          familyId: FAMILY,
          kind,
          threshold: THRESHOLD,
          participants,
          dealers: kind === "reshare" ? dealers.map(({ person }) => person.name) : undefined,
        }),
      ),
    ({ status }) => status,
  );
  steps.note(`all compare ${started.paramsId}`);
  const all = new Map(people.map((person) => [person.name, person]));
  for (const { person } of dealers) all.set(person.name, person);
  const shares: Record<string, KeyShare> = {};
  await steps.step(
    `${list([...all.keys()])} join, and each checks what all sign`,
    () =>
      Promise.all([...all.values()].map(async ({ name, hostKey, supabase }) => {
        const { keyShare } = must(
          await Ceremony.join(started.ceremonyId, { paramsId: started.paramsId }, {
            supabase,
            hostKey,
            participantId: name,
            store: new MemoryCeremonyStore(),
            keyShare: dealers.find(({ person }) => person.name === name)?.share,
          }),
        );
        if (keyShare !== undefined) shares[name] = keyShare;
      })),
    () => `${Object.keys(shares).length} shares`,
  );
  return shares;
}

async function memberOf(stack: StackAddress, keyShare: KeyShare): Promise<Member> {
  return await Member.logIn({ stack, familyId: FAMILY, keyShare, store: new MemoryNonceStore() });
}

function requestOf({ participants, group_public_key }: KeyShare, content: string) {
  const eventTemplate: EventTemplate = {
    kind: 1,
    created_at: Math.floor(Date.now() / 1000),
    tags: [["t", "permafrost"]],
    content,
  };
  return {
    familyId: FAMILY,
    messageHash: eventId(eventTemplate, group_public_key),
    participants,
    threshold: THRESHOLD,
    eventTemplate,
  };
}

async function signNote(
  steps: Steps,
  stack: StackAddress,
  shares: readonly KeyShare[],
  content: string,
): Promise<void> {
  const members = await Promise.all(shares.map((share) => memberOf(stack, share)));
  const request = requestOf(shares[0], content);
  const names = shares.map(({ participant_id }) => participant_id);
  const signature = await steps.step(
    `${list(names)} sign a note`,
    async () => {
      const { sessionId } = must(await members[0].sessions.createSession(request));
      await Promise.all(
        members.map(async ({ guardian }) => must(await guardian.approve(sessionId))),
      );
      return must(await members[0].sessions.getSession(sessionId)).session.final_signature;
    },
  );
  if (signature === null) throw new Error("The note was not signed.");
  await checkEvent(
    steps,
    finishEvent(request.eventTemplate, shares[0].group_public_key, signature),
  );
}
