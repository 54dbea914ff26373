/** A family whose secret the test knows, as the requester of a recovery comes to know it. */
import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { suiteOf, TAPROOT_CIPHERSUITE } from "../../functions/_shared/frost/suites.ts";
import { accepted, type Answer, type Json, type TestStack } from "./answers.ts";
import { type FamilyOptions, randomHex } from "./family.ts";
import { HttpFamily } from "./http_family.ts";

/** The server knows nothing of a ciphertext but its length and letters. */
export function ciphertext(): string {
  return btoa(randomHex(40));
}

/** A family, and what the parties of a recovery do. Ann is the requester. */
export class Recovering {
  private constructor(readonly family: HttpFamily, readonly secret: string) {}

  static async found(stack: TestStack, options: FamilyOptions = {}): Promise<Recovering> {
    const { frost } = suiteOf(options.ciphersuite ?? TAPROOT_CIPHERSUITE);
    const secret = bytesToHex(frost.utils.randomScalar());
    return new Recovering(await HttpFamily.found(stack, { ...options, secret }), secret);
  }

  /** The body of a request for recovery, its recipient set. */
  request(more: Json = {}): Json {
    return this.family.request({
      useCase: "emergency_recovery",
      recipientPublicKey: randomHex(32),
      ...more,
    });
  }

  create(request: Json = this.request()): Promise<string> {
    return this.family.create(request);
  }

  submit(guardian: string, requestId: string, text = ciphertext()): Promise<Answer> {
    return this.family.call(guardian, "submit-recovery-share", { requestId, ciphertext: text });
  }

  reject(requestId: string, guardianId: string, by = "ann", reason = "no share"): Promise<Answer> {
    return this.family.call(by, "reject-recovery-share", { requestId, guardianId, reason });
  }

  decline(participant: string, sessionId: string, reason = "not me"): Promise<Answer> {
    return this.family.call(participant, "decline-signing-request", { sessionId, reason });
  }

  complete(requestId: string, finalSignature: string, by = "ann"): Promise<Answer> {
    return this.family.call(by, "complete-recovery", { requestId, finalSignature });
  }

  /** The request as a member sees it. */
  async see(requestId: string, by = "ann"): Promise<Json> {
    return (await this.family.rpc(by, "get_recovery_request", { p_request_id: requestId })).body;
  }

  /** A request with as many shares as it takes: bob's and cleo's. */
  async ready(request: Json = this.request()): Promise<string> {
    const requestId = await this.create(request);
    for (const guardian of ["bob", "cleo"]) accepted(await this.submit(guardian, requestId));
    return requestId;
  }

  /** The signature that the requester's device makes. */
  async sign(requestId: string): Promise<string> {
    const { message_hash } = await this.see(requestId);
    return bytesToHex(schnorr.sign(hexToBytes(String(message_hash)), hexToBytes(this.secret)));
  }
}
