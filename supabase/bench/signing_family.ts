/** A family of three on a stack, any two of whom sign: through the client library, over HTTP. */
import { bytesToHex } from "@noble/curves/utils.js";
import { dealKey, type DealtKey } from "../../client/guardian/dealer.ts";
import { MemoryNonceStore } from "../../client/guardian/stores/memory_nonce_store.ts";
import { eventId, type EventTemplate } from "../functions/_shared/frost/nostr.ts";
import { seededBytes } from "../tests/support/vectors/simulated_session.ts";
import { bringUpFamily, type Fetch, type Member, must } from "../local/family.ts";
import type { StackAddress } from "../local/stack.ts";

const PARTICIPANTS = ["alice", "bob", "carol"];
const THRESHOLD = 2;

/** What is measured with. */
export class SigningFamily {
  readonly key: DealtKey;
  readonly members: readonly Member[];
  #counter = 0;

  private constructor(key: DealtKey, members: readonly Member[]) {
    this.key = key;
    this.members = members;
  }

  /** Deals a key whose secret follows from the seed, registers it, and logs the guardians in. */
  static async bringUp(
    stack: StackAddress,
    familyId: string,
    seed: string,
    fetch?: Fetch,
  ): Promise<SigningFamily> {
    const key = dealKey({
      familyId,
      participants: PARTICIPANTS,
      threshold: THRESHOLD,
      secret: bytesToHex(seededBytes(`${seed}:${familyId}`)()),
    });
    const members = await bringUpFamily(stack, key, () => new MemoryNonceStore(), fetch);
    return new SigningFamily(key, members);
  }

  /** A request for another Nostr event. */
  nextRequest() {
    const { familyId, groupPublicKey } = this.key.registration;
    const eventTemplate: EventTemplate = {
      kind: 1,
      created_at: Math.floor(Date.now() / 1000),
      tags: [],
      content: `Event ${this.#counter++} of ${familyId}`,
    };
    return {
      familyId,
      messageHash: eventId(eventTemplate, groupPublicKey),
      participants: PARTICIPANTS,
      threshold: THRESHOLD,
      eventTemplate,
    };
  }

  /** The first guardian asks for a signature. */
  async ask(): Promise<string> {
    return must(await this.members[0].sessions.createSession(this.nextRequest())).sessionId;
  }

  /** A whole session, one call after the other. */
  async signInTurns(): Promise<string> {
    const sessionId = await this.ask();
    const signers = this.members.slice(0, THRESHOLD);
    for (const member of signers) must((await member.commit(sessionId)).answer);
    let finalSignature: string | undefined;
    for (const member of signers) {
      ({ finalSignature } = must((await member.sign(sessionId)).answer));
    }
    return signed(finalSignature);
  }

  /** Fills the pool of each guardian. */
  async fillPools(count: number): Promise<void> {
    for (const { guardian } of this.members) must(await guardian.publishNonces(count));
  }

  /** A whole `one_tap` session: two guardians approve it, one after the other. */
  async signByTap(): Promise<string> {
    const { sessionId } = must(
      await this.members[0].sessions.createSession({ ...this.nextRequest(), mode: "one_tap" }),
    );
    return (await this.#approve(sessionId))[0];
  }

  /** A batch of so many messages; in two rounds both guardians approve at the same time. */
  async signBatch(count: number, mode: "two_round" | "one_tap"): Promise<void> {
    const { messageHash: _, eventTemplate: __, ...request } = this.nextRequest();
    const messages = Array.from({ length: count }, () => {
      const { messageHash, eventTemplate } = this.nextRequest();
      return { messageHash, eventTemplate };
    });
    const created = must(
      await this.members[0].sessions.createBatch({ ...request, messages, mode }),
    );
    if (created.mode !== mode) throw new Error(`The batch is ${created.mode}`);
    const signatures = await this.#approve(`${created.batchId}`, mode === "two_round");
    if (signatures.length !== count) throw new Error("Not every message is signed");
  }

  /** The signatures, as those hear them who come last. */
  async #approve(id: string, atOnce = false): Promise<string[]> {
    const approvals = [];
    for (const { guardian } of this.members.slice(0, THRESHOLD)) {
      const approval = guardian.approve(id);
      approvals.push(approval);
      if (!atOnce) await approval;
    }
    const heard = new Map<string, string>();
    for (const approval of approvals) {
      for (const session of must(await approval).sessions) {
        if (!session.success) throw new Error(session.error);
        if (session.finalSignature) heard.set(session.sessionId, session.finalSignature);
      }
    }
    return [...heard.values()];
  }

  /** A whole session; in each round the guardians answer at the same time. */
  async signAtOnce(): Promise<string> {
    const sessionId = await this.ask();
    const signers = this.members.slice(0, THRESHOLD);
    await Promise.all(signers.map(async (member) => must((await member.commit(sessionId)).answer)));
    const answers = await Promise.all(
      signers.map(async (member) => must((await member.sign(sessionId)).answer)),
    );
    return signed(answers.map((answer) => answer.finalSignature).find(Boolean));
  }
}

function signed(finalSignature: string | undefined): string {
  if (finalSignature === undefined) throw new Error("The last share did not finish the session.");
  return finalSignature;
}
