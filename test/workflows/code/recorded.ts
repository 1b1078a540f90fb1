/** Every story of which histories are recorded, in one bundle for one worker. */
export * from "../../../workflows/index.ts";
export * from "./waiting.ts";
