//! Questions to the support of a small online shop, with its answers.

use serde_json::Value;

use super::draw::{Draw, example};

const SYSTEM: &str = "You answer customers of Birchwood, an online shop for kitchen goods. \
                      Be brief and friendly, and say what happens next.";

pub(super) const PRODUCTS: [&str; 14] = [
    "espresso machine",
    "cast-iron pan",
    "hand blender",
    "knife set",
    "toaster",
    "milk frother",
    "bread maker",
    "electric kettle",
    "salad spinner",
    "food processor",
    "kitchen scale",
    "rice cooker",
    "waffle iron",
    "spice rack",
];

const OPENINGS: [&str; 8] = [
    "Hi,",
    "Hello!",
    "Good morning,",
    "Hey there,",
    "Hi Birchwood team,",
    "Hello support,",
    "Quick question:",
    "Good evening,",
];

pub(super) const NAMES: [&str; 12] = [
    "Amira", "Ben", "Chidi", "Dana", "Elif", "Farid", "Greta", "Hana", "Ivo", "Jun", "Kai", "Lena",
];

/// What a customer asks, and what is answered; `{p}` is a product, `{o}` an
/// order and `{d}` a number of days.
const TOPICS: [(&str, &str); 16] = [
    (
        "my {p} from order {o} has not arrived yet. It was ordered {d} days ago.",
        "I'm sorry about the wait. Order {o} left our warehouse and should reach you within two working days. If your {p} is not there by then, write to us and we will send another.",
    ),
    (
        "the {p} I received is broken. The order was {o}.",
        "I'm sorry your {p} arrived damaged. We are sending a replacement for order {o} today; you can keep or recycle the broken one.",
    ),
    (
        "can I still return the {p}? I got it {d} days ago and it is unused.",
        "Yes: unused items can be returned for 30 days, and it has been {d}. Print the label under Orders > Return and drop the parcel off; the refund follows within five days.",
    ),
    (
        "I'd like to change the delivery address for order {o}.",
        "You can change it under Orders > {o} > Delivery until the parcel is packed. If the button is grey, tell us the new address and we will ask the carrier.",
    ),
    (
        "does the {p} come with a warranty?",
        "Yes, the {p} has a two-year warranty. Keep the order confirmation: it is all you need for a claim.",
    ),
    (
        "is the {p} dishwasher safe?",
        "The removable parts of the {p} can go in the dishwasher; please wipe the rest with a damp cloth.",
    ),
    (
        "I was charged twice for order {o}.",
        "Thank you for telling us. One of the two charges for order {o} is a reservation that your bank releases within {d} days. If it is still there after that, send us a screenshot and we will refund it.",
    ),
    (
        "how do I get an invoice for order {o}?",
        "Open Orders > {o} and choose Invoice. To have a company name on it, enter the name first and the invoice is made again.",
    ),
    (
        "when will the {p} be back in stock?",
        "We expect the {p} again in about {d} days. Choose \"Tell me\" on its page and you will get one mail when it is there.",
    ),
    (
        "the voucher does not work on the {p}. It says it has expired.",
        "That voucher ran out, sorry. Reply with its code and we will make a new one that works on the {p} for {d} days.",
    ),
    (
        "one part is missing from my {p}, order {o}.",
        "Sorry about that! Tell us which part, or send a photo of what you have, and we will post the missing part of your {p} free of charge.",
    ),
    (
        "do you ship the {p} to Norway?",
        "We do. The {p} reaches Norway in about {d} days; duties are shown at the checkout, so nothing is added at the door.",
    ),
    (
        "please cancel order {o}.",
        "Order {o} is cancelled, as it was not packed yet. The money is back on your account within {d} days.",
    ),
    (
        "my {p} stopped working after {d} days.",
        "That should not happen. Please unplug the {p} for ten minutes and try again; if it stays dark, we will replace it under warranty.",
    ),
    (
        "can you gift-wrap the {p}?",
        "Gladly. Tick \"Gift\" in the basket; wrapping the {p} is free, and the price stays off the delivery note.",
    ),
    (
        "which {p} would you recommend for two people?",
        "For two people the small {p} is plenty and takes less room. It is also the quieter one.",
    ),
];

/// A question with its answer.
pub(super) fn row(draw: &mut Draw) -> Value {
    let (question, answer) = exchange(draw);
    example(SYSTEM, &question, &answer)
}

/// A question and a good answer to it.
pub(super) fn exchange(draw: &mut Draw) -> (String, String) {
    let (question, answer) = draw.pick(&TOPICS);
    let (product, opening, name) = (draw.pick(&PRODUCTS), draw.pick(&OPENINGS), draw.pick(&NAMES));
    let order = format!("BW-{}", draw.number(10_000, 99_999));
    let days = draw.number(2, 15).to_string();
    let fill =
        |text: &str| text.replace("{p}", product).replace("{o}", &order).replace("{d}", &days);
    (format!("{opening} {} Thanks, {name}", fill(question)), fill(answer))
}
