/** One mail as it came: who said it is from whom to whom, and what stands in it. */
export type ReceivedMail = {
  id: string;
  at: string;
  envelope_from: string;
  to: string[];
  from: string;
  reply_to: string | null;
  subject: string;
  message_id: string;
  headers: { name: string; value: string }[];
  html: string;
  text: string;
};
