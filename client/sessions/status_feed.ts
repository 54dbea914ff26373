/**
 * News of a family's sessions over Supabase Realtime: ids and states, on a private topic, sent by the
 * database. Where it works, there is less polling; nothing depends on it.
 *
 * @module
 */
import { fieldOf } from "../shapes.ts";
import { pause } from "../transport.ts";
import type { Channel, RealtimeSupabase } from "../supabase.ts";

/** Is told a session's state, or that the feed was connected (again). */
export type Listener = (news: { sessionId: string; status: string } | "connected") => void;

/** How long leaving a channel may take. */
const LEAVE_MS = 1_000;

/** The event that the database broadcasts; its topic is `family:<family_id>`. */
const EVENT = "session_status";

/** One channel for all listeners of a family: supabase-js has one for each topic. */
interface Feed {
  readonly listeners: Set<Listener>;
  readonly channel: Channel;
  connected: boolean;
}

/** The feeds over one client's socket. */
interface Feeds {
  readonly families: Map<string, Feed>;
  /** Whether the app had the socket open before there was any of these; then it is the app's to close. */
  appConnected: boolean;
}

const clients = new WeakMap<RealtimeSupabase, Feeds>();

/**
 * Listens to a family's sessions until `stop` is called. Without Realtime it hears nothing.
 *
 * @returns `connected` says whether news come at the moment.
 */
export function listen(
  supabase: RealtimeSupabase,
  familyId: string,
  listener: Listener,
): { connected(): boolean; stop(): Promise<void> } {
  const feeds = clients.get(supabase) ?? { families: new Map<string, Feed>(), appConnected: false };
  clients.set(supabase, feeds);
  const { families } = feeds;
  if (families.size === 0) feeds.appConnected = supabase.realtime.isConnected();
  const feed = families.get(familyId) ?? open(supabase, familyId);
  if (feed === undefined) return { connected: () => false, stop: () => Promise.resolve() };
  families.set(familyId, feed);
  feed.listeners.add(listener);
  if (feed.connected) listener("connected");
  return {
    connected: () => feed.connected,
    async stop() {
      feed.listeners.delete(listener);
      if (feed.listeners.size > 0 || families.get(familyId) !== feed) return;
      families.delete(familyId);
      // A server that does not answer must not keep the caller waiting.
      const left = new AbortController();
      const leaving = leave(supabase, feed.channel, feeds).then(() => left.abort());
      await Promise.race([leaving, pause(LEAVE_MS, left.signal)]);
    },
  };
}

function open(supabase: RealtimeSupabase, familyId: string): Feed | undefined {
  const topic = `family:${familyId}`;
  // The app's own channel of this topic is the app's to subscribe and to remove.
  if (supabase.realtime.getChannels().some((channel) => channel.topic === `realtime:${topic}`)) {
    return undefined;
  }
  const channel = supabase.channel(topic, { config: { private: true } });
  const feed: Feed = { listeners: new Set(), channel, connected: false };
  const tell = (news: Parameters<Listener>[0]) => {
    for (const listener of [...feed.listeners]) listener(news);
  };
  channel.on("broadcast", { event: EVENT }, ({ payload }: { payload?: unknown }) => {
    const sessionId = fieldOf(payload, "session_id");
    const status = fieldOf(payload, "status");
    if (typeof sessionId === "string" && typeof status === "string") tell({ sessionId, status });
  });
  void subscribe(supabase, channel, (connected) => {
    const news = connected && !feed.connected;
    feed.connected = connected;
    if (news) tell("connected");
  });
  return feed;
}

/** An idle socket would keep a script that is at its end from ending. */
async function leave(
  supabase: RealtimeSupabase,
  channel: Channel,
  feeds: Feeds,
): Promise<void> {
  try {
    await supabase.removeChannel(channel);
    if (!feeds.appConnected && supabase.realtime.getChannels().length === 0) {
      await supabase.realtime.disconnect();
    }
  } catch {
    // The waiting is over, so it does not matter.
  }
}

async function subscribe(
  supabase: RealtimeSupabase,
  channel: Channel,
  changed: (connected: boolean) => void,
): Promise<void> {
  try {
    // A private topic is opened with the user's token, and the socket may not have it yet.
    await supabase.realtime.setAuth();
    if (!supabase.realtime.getChannels().includes(channel)) return;
    channel.subscribe((status) => changed(status === "SUBSCRIBED"));
  } catch {
    // No WebSocket here (Node 20 without one given to supabase-js), or no token: polling does it.
    changed(false);
  }
}
