// A guardian's page: what an app would have, and what the test does with it by hand.
import { createClient } from "@supabase/supabase-js";
import {
  FrostSessionManager,
  Guardian,
  guardianTransport,
  IndexedDbNonceStore,
  UnifiedFederatedSigningService,
} from "@permafrost/client";

globalThis.open = async ({ apiUrl, publishableKey, token, keyShare }) => {
  const supabase = createClient(apiUrl, publishableKey, {
    accessToken: () => Promise.resolve(token),
  });
  const sessions = new FrostSessionManager(supabase);
  const store = await IndexedDbNonceStore.open(`nonces of ${keyShare.participant_id}`);
  const transport = guardianTransport(supabase);
  const guardian = new Guardian({ keyShare, store, transport });
  globalThis.app = {
    sessions,
    service: UnifiedFederatedSigningService.getInstance(supabase),
    async commit(sessionId) {
      const { session } = must(await sessions.getSession(sessionId));
      const { nonceCommitment, answer } = await guardian.commit(session);
      return { nonceCommitment, ...must(answer) };
    },
    async sign(sessionId) {
      const { signingPackage } = must(await sessions.getSigningPackage(sessionId));
      const { signatureShare, answer } = await guardian.sign(signingPackage);
      return { signatureShare, ...must(answer) };
    },
  };
};

function must(result) {
  if (!result.success) throw new Error(JSON.stringify(result));
  return result;
}

globalThis.pageReady = true;
