//! Support tickets, sorted into queues: short outputs from a fixed set.

use serde_json::Value;

use super::draw::{Draw, example};
use super::support::{NAMES, PRODUCTS};

const SYSTEM: &str = "Sort the ticket into one queue. Answer with the queue's name and nothing \
                      else: billing, delivery, returns, defect, account, product-question, spam.";

/// What tickets say, by queue.
const TICKETS: [(&str, [&str; 4]); 7] = [
    (
        "billing",
        [
            "I see two charges for the same {p}, {o}.",
            "The invoice for {o} has the wrong VAT number.",
            "Why was I charged {n} EUR instead of the sale price of the {p}?",
            "My card was declined for {o} but the money is gone.",
        ],
    ),
    (
        "delivery",
        [
            "Tracking for {o} has not moved for {n} days.",
            "The courier left my {p} with a neighbour I do not know.",
            "Can {o} be delivered on a Saturday?",
            "It says delivered, but there is no {p} at my door ({o}).",
        ],
    ),
    (
        "returns",
        [
            "How do I send the {p} back? Order {o}.",
            "I returned the {p} {n} days ago and have no refund yet.",
            "The return label for {o} does not print.",
            "Wrong size, I want to exchange the {p}.",
        ],
    ),
    (
        "defect",
        [
            "The {p} makes a burning smell after {n} minutes.",
            "My {p} will not switch on any more, bought with {o}.",
            "The handle of the {p} broke off on the first day.",
            "The display of the {p} shows E{n} and nothing else.",
        ],
    ),
    (
        "account",
        [
            "I cannot log in, the reset mail never comes. My last order was {o}.",
            "Please delete my account and all my data. Last order: {o}.",
            "How do I change the mail address of my account? I ordered a {p} with the old one.",
            "Someone else's order {o} shows up in my account.",
        ],
    ),
    (
        "product-question",
        [
            "Does the {p} work with 110 V? I would need {n} of them.",
            "How loud is the {p} compared to last year's, is it under {n} dB?",
            "Which filter fits the {p} from {o}?",
            "Is the {p} available in green, {n} pieces?",
        ],
    ),
    (
        "spam",
        [
            "We can put your {p} page on top of every search for {n} EUR.",
            "Dear owner, you have won {n},000 USD, reply with your bank details. Ref {o}",
            "Bulk e-mail lists, {n} million addresses, cheap. Also for {p} sellers.",
            "Your domain expires in {n} days, click here to keep selling the {p}.",
        ],
    ),
];

/// A ticket with its queue.
pub(super) fn row(draw: &mut Draw) -> Value {
    let (queue, texts) = draw.pick(&TICKETS);
    let order = format!("BW-{}", draw.number(10_000, 99_999));
    let number = draw.number(3, 90).to_string();
    let ticket = draw
        .pick(&texts)
        .replace("{p}", draw.pick(&PRODUCTS))
        .replace("{o}", &order)
        .replace("{n}", &number);
    let from = draw.pick(&NAMES);
    let user = format!("Ticket #{}\nFrom: {from}\n\n{ticket}", draw.number(1_000, 99_999));
    example(SYSTEM, &user, queue)
}
