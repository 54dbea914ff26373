/** Plays sessions over and over, over a database that goes down at any moment, and knows what it was told. */
import assert from "node:assert/strict";
import type postgres from "postgres";
import { type Call, make, type Outcome } from "../support/calls.ts";
import type { SqlFamily } from "../support/sql_family.ts";
import { isOutageCode, type Outages } from "./outages.ts";
import type { Random } from "../support/random.ts";

/** What callers were told, to be held against what the database has in the end. */
export interface Told {
  /** Accepted commitments, with session and guardian. */
  readonly accepted: Map<string, string>;
  /** Completed sessions, with signature. */
  readonly completed: Map<string, unknown>;
}

/** Plays the sessions of one family, one after the other. */
export class CrashDriver {
  readonly told: Told = { accepted: new Map(), completed: new Map() };
  #stopped = false;

  constructor(
    readonly sql: postgres.Sql,
    readonly outages: Outages,
    readonly family: SqlFamily,
    readonly random: Random,
  ) {}

  /** Lets the session that is being played be the last one. */
  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    while (!this.#stopped) await this.#session();
  }

  /** Takes a session from wherever it stands to its signature. */
  async finish(session: string): Promise<void> {
    for (;;) {
      const { answer } = await this.#call(
        await this.family.as(this.family.creator, "get_signing_session", { p_session_id: session }),
      );
      const missing = (name: string) => Array.from(Object(answer[name]), String);
      switch (answer.status) {
        case "pending":
        case "nonce_collection":
          await this.#plainCommit(session, this.random.pick(missing("missing_commitments")));
          break;
        case "signing":
          await this.#share(session, missing("missing_signatures")[0]);
          break;
        case "aggregating":
          await this.#complete(session);
          break;
        default:
          assert.equal(answer.status, "completed");
          return;
      }
    }
  }

  async #session(): Promise<void> {
    const { family, random } = this;
    const created = await this.#call(
      await family.as(family.creator, "create_signing_session", {
        p_family_id: family.id,
        p_message_hash: random.hex(32),
        p_participants: family.guardians,
        p_threshold: family.threshold,
      }),
    );
    const session = String(created.answer.session_id);
    // Some sessions are left where they are, at every stage.
    const stages = random.chance(0.2) ? random.below(4) : 4;
    if (stages < 1) return;
    const guardians = random.shuffled(family.guardians);
    const committed = await Promise.all(guardians.map((g) => this.#commit(session, g)));
    const signers = guardians.filter((_, i) => committed[i]);
    assert.equal(
      signers.length,
      family.threshold,
      "as many were told that they are in as are needed",
    );
    if (stages < 2) return;
    if (random.chance(0.1)) {
      const failed = await this.#call(await family.fail(session));
      assert.equal(failed.code, "ok", "a failure that is sent again is still a failure");
      return;
    }
    const sharing = signers.slice(stages < 3 ? 1 : 0);
    await Promise.all(sharing.map((signer) => this.#share(session, signer)));
    if (stages === 4) await this.#complete(session);
  }

  /** Whether the guardian is in. Now and then somebody else sends the same commitment elsewhere. */
  async #commit(session: string, guardian: string): Promise<boolean> {
    if (!this.random.chance(0.2)) return await this.#plainCommit(session, guardian);
    const commitment = this.random.commitment();
    const elsewhere = await this.family.as(this.family.creator, "create_signing_session", {
      p_family_id: this.family.id,
      p_message_hash: this.random.hex(32),
      p_participants: this.family.guardians,
      p_threshold: this.family.threshold,
    });
    const decoy = String((await this.#call(elsewhere)).answer.session_id);
    const [here, there] = await Promise.all([
      this.#call(this.family.commit(session, guardian, commitment)),
      this.#call(this.family.commit(decoy, guardian, commitment)),
    ]);
    const isHere = this.#told(here, session, guardian, commitment);
    const isThere = this.#told(there, decoy, guardian, commitment);
    assert.notEqual(isHere, isThere, "one of two callers with one commitment is in");
    return here.code === "nonce_reused" ? await this.#commit(session, guardian) : isHere;
  }

  async #plainCommit(session: string, guardian: string): Promise<boolean> {
    const commitment = this.random.commitment();
    const outcome = await this.#call(this.family.commit(session, guardian, commitment));
    return this.#told(outcome, session, guardian, commitment);
  }

  async #share(session: string, signer: string): Promise<void> {
    const call = this.family.share(session, signer);
    const { code } = await this.#call(call);
    assert.equal(code, "ok", "a share that is sent again is the same share");
    if (this.random.chance(0.1)) {
      const second = await this.#call(this.family.share(session, signer));
      assert.equal(second.code, "share_already_submitted");
    }
  }

  async #complete(session: string): Promise<void> {
    const call = this.family.complete(session);
    const outcomes = await Promise.all([this.#call(call), this.#call(call)]);
    for (const { code, answer } of outcomes) {
      assert.equal(code, "ok");
      this.told.completed.set(session, answer.final_signature);
    }
  }

  #told({ code }: Outcome, session: string, guardian: string, commitment: string): boolean {
    assert.match(code, /^(ok|round_closed|nonce_reused)$/);
    if (code !== "ok") return false;
    assert.ok(!this.told.accepted.has(commitment), "a commitment was accepted twice");
    this.told.accepted.set(commitment, `${session} ${guardian}`);
    return true;
  }

  #call(call: Call): Promise<Outcome> {
    return this.outages.answered(async () => {
      const outcome = await make(this.sql, call);
      return isOutageCode(outcome.code) ? undefined : outcome;
    });
  }
}
