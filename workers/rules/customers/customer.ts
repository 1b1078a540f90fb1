/** A postal address as it stands on an invoice. */
export type Address = {
  line1: string;
  line2: string | null;
  city: string;
  postal_code: string | null;
  state: string | null;
};

/** A person to reach at a customer. */
export type Contact = { name: string; email: string; role: string | null };
