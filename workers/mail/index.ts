import { claimNotices } from "./internal.notices.claim.ts";
import { getNotice } from "./notices.get.ts";
import { listNotices } from "./notices.list.ts";
import { resendNotice } from "./notices.resend.ts";

/** What people are told by mail, and how each mail got there. */
export const mail = [listNotices, getNotice, resendNotice, claimNotices];
