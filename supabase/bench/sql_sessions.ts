/**
 * Sessions by straight calls of the RPCs on PostgreSQL: no HTTP, no functions, no curves. The database does
 * not look at the points, so random bytes of their length do.
 */
import { bytesToHex } from "@noble/curves/utils.js";
import postgres from "postgres";
import { dealKey } from "../../client/guardian/dealer.ts";
import { migrate } from "../local/migrate.ts";
import {
  createPlatformDatabase,
  createPlatformRoles,
  NEW_PROJECT,
} from "../local/platform/platform.ts";
import { startCluster } from "../local/postgres/cluster.ts";
import { type ClusterAddress, databaseUrl } from "../local/postgres/address.ts";
import type { Bench } from "./part.ts";

const SIGNERS = ["alice", "bob"];
const PARTICIPANTS = [...SIGNERS, "carol"];

/** What a database of this size has; and no checkpoint in the middle of a measurement. */
const SETTINGS = { shared_buffers: "512MB", max_wal_size: "16GB", checkpoint_timeout: "1h" };

/** Starts a cluster with migrated databases of these names; the part's end stops it. */
export async function startDatabases(
  { owned, progress }: Bench,
  names: readonly string[],
): Promise<ClusterAddress> {
  progress("starting PostgreSQL");
  const cluster = await startCluster({ settings: SETTINGS });
  owned.defer(() => cluster.stop());
  await createPlatformRoles(cluster.address);
  for (const name of names) {
    await createPlatformDatabase(cluster.address, name, NEW_PROJECT);
    await migrate(cluster.url(name));
  }
  return cluster.address;
}

/** Makes a family's key, and registers it. */
export async function registerFamily(sql: postgres.Sql, familyId: string): Promise<void> {
  const { registration } = dealKey({ familyId, participants: PARTICIPANTS, threshold: 2 });
  const { ciphersuite, groupPublicKey, verifyingShares, vssCommitment } = registration;
  await sql`
    select public.register_key_package(${familyId}, ${ciphersuite}, 2, ${PARTICIPANTS},
      ${groupPublicKey}, ${Object.values(verifyingShares)}, ${vssCommitment})`;
}

/**
 * One connection that plays sessions of one family: what members and what the functions call, in turn. So it is
 * the owner's, with the claims of a member, unless it only calls what members do.
 */
export class SqlCaller {
  readonly sql: postgres.Sql;
  readonly #familyId: string;
  readonly #random: (length?: number) => Uint8Array;

  constructor(
    address: ClusterAddress,
    database: string,
    familyId: string,
    random: (length?: number) => Uint8Array,
    role: "postgres" | "authenticated" = "postgres",
  ) {
    const caller = {
      role: role === "authenticated" ? role : "service_role",
      app_metadata: { family_id: familyId, participant_id: SIGNERS[0] },
    };
    this.sql = postgres(databaseUrl(address, database), {
      max: 1,
      onnotice: () => {},
      connection: { role, "request.jwt.claims": JSON.stringify(caller) },
    });
    this.#familyId = familyId;
    this.#random = random;
  }

  /** The calls of a whole session, one after the other: each moves it, and is a transaction of its own. */
  *calls(): Generator<() => Promise<unknown>> {
    const sql = this.sql;
    const hex = (bytes: number) => bytesToHex(this.#random(bytes));
    let sessionId = "";
    yield async () => {
      const [{ session }] = await sql`
        select public.create_signing_session(${this.#familyId}, ${hex(32)}, ${PARTICIPANTS}, 2)
          as session`;
      sessionId = session.session_id;
    };
    for (const signer of SIGNERS) {
      const commitment = `02${hex(32)}03${hex(32)}`;
      yield async () =>
        accepted(
          await sql`select public.record_nonce_commitment(${sessionId}, ${signer}, ${commitment})`,
        );
    }
    for (const signer of SIGNERS) {
      const share = `00${hex(31)}`;
      yield async () =>
        accepted(
          await sql`select public.record_signature_share(${sessionId}, ${signer}, ${share})`,
        );
    }
    const signature = hex(64);
    yield () => sql`select public.complete_signing_session(${sessionId}, ${signature})`;
  }
}

function accepted(rows: readonly postgres.Row[]): void {
  const [answer] = Object.values(rows[0]);
  if (answer.accepted !== true) throw new Error(`A call was refused: ${JSON.stringify(answer)}`);
}

/** Plays sessions for a while, and answers how many calls there were. */
export async function playFor(ms: number, callers: readonly SqlCaller[]): Promise<number> {
  const until = performance.now() + ms;
  const counts = await Promise.all(callers.map(async (caller) => {
    let count = 0;
    while (performance.now() < until) {
      for (const call of caller.calls()) {
        await call();
        count++;
      }
    }
    return count;
  }));
  return counts.reduce((total, count) => total + count, 0);
}
