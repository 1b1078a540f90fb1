import { createCreditNote } from "./credit_notes.create.ts";
import { getCreditNote } from "./credit_notes.get.ts";
import { listCreditNotes } from "./credit_notes.list.ts";
import { previewCreditNote } from "./credit_notes.preview.ts";

/** What corrects an invoice. */
export const creditNotes = [createCreditNote, previewCreditNote, listCreditNotes, getCreditNote];
