/** `POST /functions/v1/register-key-package` (secret key): a family's key becomes its current one. */
import { z } from "zod";
import { asService, type ServiceContext } from "../_shared/authentication.ts";
import { KeyPackage, read } from "../_shared/database.ts";
import { verifyingSharesInOrder, verifyKeyPackage } from "../_shared/frost/key_package.ts";
import { CIPHERSUITES } from "../_shared/frost/suites.ts";
import { endpoint, MAX_LIST_BODY_BYTES, receive } from "../_shared/http.ts";
import {
  byParticipant,
  Hex,
  HexList,
  Identifier,
  oneOf,
  Participants,
  Threshold,
} from "../_shared/input.ts";

export const Body = z.object({
  familyId: Identifier,
  ciphersuite: oneOf(CIPHERSUITES).default(CIPHERSUITES[0]),
  threshold: Threshold,
  participants: Participants,
  groupPublicKey: Hex,
  verifyingShares: byParticipant(Hex),
  vssCommitment: HexList.optional(),
});

export default {
  fetch: endpoint(asService(
    receive(Body, async (body, { supabaseAdmin }: ServiceContext) => {
      const verifyingShares = verifyingSharesInOrder(body.participants, body.verifyingShares);
      verifyKeyPackage({ ...body, verifyingShares });
      const { key_package_id, epoch } = read(
        KeyPackage,
        await supabaseAdmin.rpc("register_key_package", {
          p_family_id: body.familyId,
          p_ciphersuite: body.ciphersuite,
          p_threshold: body.threshold,
          p_participants: body.participants,
          p_group_public_key: body.groupPublicKey,
          p_verifying_shares: verifyingShares,
          p_vss_commitment: body.vssCommitment,
        }),
      );
      return { keyPackageId: key_package_id, epoch };
    }, { status: 201, maxBodyBytes: MAX_LIST_BODY_BYTES }),
  )),
};
