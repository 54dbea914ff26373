/** Every published vector: outputs byte for byte, errors by kind and by whom they blame. */
import assert from "node:assert/strict";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import coordinatorFinalizeVectors from "../../../tests/support/vectors/chilldkg/coordinator_finalize_vectors.json" with {
  type: "json",
};
import coordinatorInvestigateVectors from "../../../tests/support/vectors/chilldkg/coordinator_investigate_vectors.json" with {
  type: "json",
};
import coordinatorStep1Vectors from "../../../tests/support/vectors/chilldkg/coordinator_step1_vectors.json" with {
  type: "json",
};
import hostPublicKeyVectors from "../../../tests/support/vectors/chilldkg/hostpubkey_gen_vectors.json" with {
  type: "json",
};
import paramsHashVectors from "../../../tests/support/vectors/chilldkg/params_hash_vectors.json" with {
  type: "json",
};
import participantFinalizeVectors from "../../../tests/support/vectors/chilldkg/participant_finalize_vectors.json" with {
  type: "json",
};
import participantInvestigateVectors from "../../../tests/support/vectors/chilldkg/participant_investigate_vectors.json" with {
  type: "json",
};
import participantStep1Vectors from "../../../tests/support/vectors/chilldkg/participant_step1_vectors.json" with {
  type: "json",
};
import participantStep2Vectors from "../../../tests/support/vectors/chilldkg/participant_step2_vectors.json" with {
  type: "json",
};
import recoverVectors from "../../../tests/support/vectors/chilldkg/recover_vectors.json" with {
  type: "json",
};
import { errorOf } from "../../../tests/support/vectors/chilldkg/simulated_dkg.ts";
import {
  coordinatorFinalize,
  coordinatorInvestigate,
  coordinatorInvestigateFor,
  coordinatorStep1,
} from "./coordinator.ts";
import type { ChillDkgErrorKind } from "./errors.ts";
import {
  participantFinalize,
  participantInvestigate,
  participantStep1,
  participantStep2,
} from "./participant.ts";
import { recover } from "./recovery.ts";
import { type DkgOutput, hostPublicKeyOf, paramsHash, type SessionParams } from "./session.ts";

/** The draft's exceptions, and our kinds for them. */
const KINDS: Readonly<Record<string, ChillDkgErrorKind>> = {
  ValueError: "invalid_input",
  HostSeckeyError: "host_secret_key",
  InvalidHostPubkeyError: "host_public_key",
  DuplicateHostPubkeyError: "duplicate_host_public_key",
  ThresholdOrCountError: "threshold_or_count",
  RandomnessError: "randomness",
  FaultyParticipantError: "faulty_participant",
  FaultyParticipantOrCoordinatorError: "faulty_participant_or_coordinator",
  FaultyCoordinatorError: "faulty_coordinator",
  UnknownFaultyParticipantOrCoordinatorError: "unknown_faulty",
  RecoveryDataError: "recovery_data",
};

interface ExpectedError {
  readonly type: string;
  readonly participantId?: number;
  readonly participantId1?: number;
  readonly participantId2?: number;
}

function assertBlame(run: () => unknown, expected: ExpectedError): void {
  const { kind, participant, participant2 } = errorOf(run);
  assert.deepEqual({ kind, participant, participant2 }, {
    kind: KINDS[expected.type],
    participant: expected.participantId ?? expected.participantId1,
    participant2: expected.participantId2,
  });
}

const bytes = (hex: string) => hexToBytes(hex.toLowerCase());
const hex = (value: Uint8Array) => bytesToHex(value).toUpperCase();

const paramsOf = ({ hostpubkeys, t }: { hostpubkeys: string[]; t: number }): SessionParams => ({
  hostPublicKeys: hostpubkeys.map(bytes),
  threshold: t,
});

const outputToHex = ({ secretShare, thresholdPublicKey, publicShares }: DkgOutput) => ({
  secshare: secretShare === undefined ? null : hex(secretShare),
  threshPk: hex(thresholdPublicKey),
  pubshares: publicShares.map(hex),
});

const seen = new Map<string, number>();

/** A test of one vector, counted by its file. */
function vector(
  file: string,
  { tcId, comment }: { tcId: number; comment: string },
  run: () => void,
) {
  seen.set(file, (seen.get(file) ?? 0) + 1);
  Deno.test(`${file} ${tcId}: ${comment}`, run);
}

for (const test of hostPublicKeyVectors.validTestCases) {
  vector("hostpubkey_gen", test, () => {
    assert.equal(hex(hostPublicKeyOf(bytes(test.hostseckey))), test.expectedHostpubkey);
  });
}
for (const test of hostPublicKeyVectors.errorTestCases) {
  vector("hostpubkey_gen", test, () => {
    assertBlame(() => hostPublicKeyOf(bytes(test.hostseckey)), test.expectedError);
  });
}

for (const test of paramsHashVectors.validTestCases) {
  vector("params_hash", test, () => {
    assert.equal(hex(paramsHash(paramsOf(test.params))), test.expectedParamsHash);
  });
}
for (const test of paramsHashVectors.errorTestCases) {
  vector("params_hash", test, () => {
    assertBlame(() => paramsHash(paramsOf(test.params)), test.expectedError);
  });
}

for (const group of participantStep1Vectors.testGroups) {
  type Case = { hostseckey: string; params: { hostpubkeys: string[]; t: number }; random: string };
  const step1 = ({ hostseckey, params, random }: Case) =>
    participantStep1(bytes(hostseckey), paramsOf(params), bytes(random));
  for (const test of group.validTestCases) {
    vector("participant_step1", test, () => {
      assert.equal(hex(step1(test).message), test.expectedPmsg1);
    });
  }
  for (const test of group.errorTestCases) {
    vector("participant_step1", test, () => assertBlame(() => step1(test), test.expectedError));
  }
}

interface Participant {
  readonly params: { hostpubkeys: string[]; t: number };
  readonly hostseckey: string;
  readonly random: string;
  readonly auxRand: string;
  readonly pmsg1: string;
}

/** The state after step 1, whose message the group gives too. */
function afterStep1({ hostseckey, params, random, pmsg1 }: Participant) {
  const { state, message } = participantStep1(bytes(hostseckey), paramsOf(params), bytes(random));
  assert.equal(hex(message), pmsg1);
  return state;
}

for (const group of participantStep2Vectors.testGroups) {
  type Case = { cmsg1: string; hostseckey?: string; auxRand?: string };
  const step2 = (test: Case) => {
    const state = afterStep1(group);
    const { hostseckey, auxRand, cmsg1 } = { ...group, ...test };
    return () => participantStep2(bytes(hostseckey), state, bytes(cmsg1), bytes(auxRand));
  };
  for (const test of group.validTestCases) {
    vector("participant_step2", test, () => {
      assert.equal(hex(step2(test)().message), test.expectedPmsg2);
    });
  }
  for (const test of group.errorTestCases) {
    vector("participant_step2", test, () => assertBlame(step2(test), test.expectedError));
  }
}

for (const group of participantFinalizeVectors.testGroups) {
  const afterStep2 = () => {
    const { state, message } = participantStep2(
      bytes(group.hostseckey),
      afterStep1(group),
      bytes(group.cmsg1),
      bytes(group.auxRand),
    );
    assert.equal(hex(message), group.pmsg2);
    return state;
  };
  for (const test of group.validTestCases) {
    vector("participant_finalize", test, () => {
      const { output, recoveryData } = participantFinalize(afterStep2(), bytes(test.cmsg2));
      const { expectedOutput } = test;
      assert.deepEqual(outputToHex(output), expectedOutput.dkgOutput);
      assert.equal(hex(recoveryData), expectedOutput.recoveryData);
    });
  }
  for (const test of group.errorTestCases) {
    vector("participant_finalize", test, () => {
      const state = afterStep2();
      assertBlame(() => participantFinalize(state, bytes(test.cmsg2)), test.expectedError);
    });
  }
}

for (const group of participantInvestigateVectors.testGroups) {
  for (const test of group.errorTestCases) {
    vector("participant_investigate", test, () => {
      const state = afterStep1(group);
      const cmsg1 = bytes(group.cmsg1Pool[test.cmsg1Index]);
      const error = errorOf(() =>
        participantStep2(bytes(group.hostseckey), state, cmsg1, bytes(group.auxRand))
      );
      assert.equal(error.kind, "unknown_faulty");
      assertBlame(() => participantInvestigate(error, bytes(test.cinvMsg)), test.expectedError);
    });
  }
}

for (const group of coordinatorStep1Vectors.testGroups) {
  type Case = { pmsg1Indices: number[]; params: { hostpubkeys: string[]; t: number } };
  const step1 = ({ pmsg1Indices, params }: Case) =>
    coordinatorStep1(pmsg1Indices.map((i) => bytes(group.pmsg1Pool[i])), paramsOf(params));
  for (const test of group.validTestCases) {
    vector("coordinator_step1", test, () => {
      assert.equal(hex(step1(test).message), test.expectedCmsg1);
    });
  }
  for (const test of group.errorTestCases) {
    vector("coordinator_step1", test, () => assertBlame(() => step1(test), test.expectedError));
  }
}

for (const group of coordinatorFinalizeVectors.testGroups) {
  const finalize = ({ pmsg2Indices }: { pmsg2Indices: number[] }) => {
    const { state, message } = coordinatorStep1(group.pmsgs1.map(bytes), paramsOf(group.params));
    assert.equal(hex(message), group.cmsg1);
    return () => coordinatorFinalize(state, pmsg2Indices.map((i) => bytes(group.pmsg2Pool[i])));
  };
  for (const test of group.validTestCases) {
    vector("coordinator_finalize", test, () => {
      const { message, output, recoveryData } = finalize(test)();
      const { expectedOutput } = test;
      assert.equal(hex(message), expectedOutput.cmsg2);
      assert.deepEqual(outputToHex(output), expectedOutput.dkgOutput);
      assert.equal(hex(recoveryData), expectedOutput.recoveryData);
    });
  }
  for (const test of group.errorTestCases) {
    vector("coordinator_finalize", test, () => assertBlame(finalize(test), test.expectedError));
  }
}

for (const group of coordinatorInvestigateVectors.testGroups) {
  for (const test of group.validTestCases) {
    vector("coordinator_investigate", test, () => {
      const pmsgs1 = group.pmsgs1.map(bytes);
      const params = paramsOf(group.params);
      assert.deepEqual(coordinatorInvestigate(pmsgs1, params).map(hex), test.expectedCinvMsgs);
      assert.deepEqual(
        pmsgs1.map((_, i) => hex(coordinatorInvestigateFor(i, pmsgs1, params))),
        test.expectedCinvMsgs,
      );
    });
  }
}

for (const test of recoverVectors.validTestCases) {
  vector("recover", test, () => {
    const { output, params } = recover(
      test.hostseckey === null ? null : bytes(test.hostseckey),
      bytes(test.recoveryData),
    );
    const { expectedOutput } = test;
    assert.deepEqual(outputToHex(output), expectedOutput.dkgOutput);
    assert.deepEqual(params, paramsOf(expectedOutput.params));
  });
}
for (const test of recoverVectors.errorTestCases) {
  vector("recover", test, () => {
    const key = test.hostseckey === null ? null : bytes(test.hostseckey);
    assertBlame(() => recover(key, bytes(test.recoveryData)), test.expectedError);
  });
}

Deno.test("no vector of the files is left out", () => {
  assert.deepEqual(Object.fromEntries(seen), {
    hostpubkey_gen: hostPublicKeyVectors.totalTests,
    params_hash: paramsHashVectors.totalTests,
    participant_step1: participantStep1Vectors.totalTests,
    participant_step2: participantStep2Vectors.totalTests,
    participant_finalize: participantFinalizeVectors.totalTests,
    participant_investigate: participantInvestigateVectors.totalTests,
    coordinator_step1: coordinatorStep1Vectors.totalTests,
    coordinator_finalize: coordinatorFinalizeVectors.totalTests,
    coordinator_investigate: coordinatorInvestigateVectors.totalTests,
    recover: recoverVectors.totalTests,
  });
});
