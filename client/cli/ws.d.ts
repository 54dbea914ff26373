/** What is used of the npm package `ws`. Its own types bring Node's along, and those replace the globals of Deno's. */
declare const WebSocketOfNode: typeof WebSocket;
export default WebSocketOfNode;
