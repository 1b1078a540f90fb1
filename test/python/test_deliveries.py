"""Verifies what the edge signs as a receiver does that is written in Python: with the published library of Standard Webhooks."""

import json
import os
import unittest

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

with open(os.environ["LATCHKEY_DELIVERIES"], encoding="utf8") as file:
    DELIVERIES = json.load(file)


def delivery(name):
    """What was sent: headers and body, and the secrets that verify it, and those that do not."""
    return DELIVERIES[name]


class Deliveries(unittest.TestCase):
    def verified(self, name):
        sent = delivery(name)
        for secret in sent["good"]:
            event = Webhook(secret).verify(sent["body"], sent["headers"])
            self.assertEqual(event["id"], sent["headers"]["webhook-id"])
            self.assertEqual(Webhook(secret).verify(sent["body"].encode(), sent["headers"]), event)
        for secret in sent["bad"]:
            with self.assertRaises(WebhookVerificationError):
                Webhook(secret).verify(sent["body"], sent["headers"])
        return sent["headers"]["webhook-signature"].split(" ")

    def test_a_delivery_is_verified_by_its_secret_and_by_no_other(self):
        self.assertEqual([each.split(",")[0] for each in self.verified("secret")], ["v1"])

    def test_a_signature_of_another_version_beside_it_is_passed_over(self):
        self.assertEqual([each.split(",")[0] for each in self.verified("key_pair")], ["v1", "v1a"])

    def test_both_secrets_verify_it_while_they_overlap(self):
        self.assertEqual([each.split(",")[0] for each in self.verified("overlap")], ["v1", "v1", "v1a", "v1a"])

    def test_a_body_that_was_changed_is_refused(self):
        sent = delivery("key_pair")
        with self.assertRaises(WebhookVerificationError):
            Webhook(sent["good"][0]).verify(sent["body"] + " ", sent["headers"])

    def test_an_old_one_is_refused(self):
        sent = delivery("old")
        with self.assertRaisesRegex(WebhookVerificationError, "too old"):
            Webhook(sent["good"][0]).verify(sent["body"], sent["headers"])
