//! Short local news with summaries of one sentence.

use serde_json::Value;

use super::draw::{Draw, example};

const SYSTEM: &str = "Summarise the article in one sentence of at most 25 words.";

const TOWNS: [&str; 12] = [
    "Aldermoor",
    "Brennick",
    "Castlegrove",
    "Dunwell",
    "Eskham",
    "Fernley",
    "Grantsby",
    "Holmfirth Vale",
    "Inverleith",
    "Kelsay",
    "Larkhaven",
    "Marlbrook",
];

const WEEKDAYS: [&str; 5] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];

/// An article and its summary; `{t}` is a town, `{w}` a weekday, `{a}` and
/// `{b}` are numbers.
const STORIES: [(&str, &str); 12] = [
    (
        "The council of {t} voted on {w} to extend the tram line to the university. Work is to begin in {a} months and will cost {b} million. Two members voted against, pointing to the loss of parking spaces along the route.",
        "{t}'s council approved a tram extension to the university costing {b} million, with work starting in {a} months.",
    ),
    (
        "After {a} years the swimming pool in {t} is open again. On {w} some {b} visitors stood in line for the first dip. The roof had been closed for safety, and repairs took longer than planned because asbestos was found.",
        "{t}'s swimming pool reopened after {a} years of repairs prolonged by asbestos.",
    ),
    (
        "A bakery in {t} has begun to give away bread in the last hour before closing. Owner and staff report that {b} loaves were saved in {a} weeks. Two supermarkets said on {w} that they want to do the same.",
        "A bakery in {t} gives away unsold bread before closing and saved {b} loaves; supermarkets may follow.",
    ),
    (
        "Heavy rain closed the bridge at {t} on {w}. Buses take a detour that adds {a} minutes. Engineers expect the water to fall within two days, and about {b} commuters are affected each morning.",
        "Rain closed the bridge at {t}, delaying {b} commuters by {a} minutes until the water falls.",
    ),
    (
        "Researchers at the institute in {t} counted swifts for {a} summers. They report {b} nesting pairs, a third more than at the start. The paper, out since {w}, credits nesting boxes put up by schools.",
        "Swifts in {t} rose by a third to {b} pairs in {a} years, thanks to nesting boxes.",
    ),
    (
        "The library of {t} will lend out tools. From {w} on, members can borrow drills, sewing machines and {b} other items for {a} days. The idea came from a reader's letter.",
        "{t}'s library starts to lend tools and {b} other items for {a} days.",
    ),
    (
        "The football club of {t} won {a} to 1 on {w} and stays in the league. {b} supporters sang long after the whistle. The coach said the team would rest for a week before thinking of the cup.",
        "{t}'s football club won {a} to 1 before {b} supporters and avoided relegation.",
    ),
    (
        "A fire in a warehouse near {t} kept {b} firefighters busy during the night to {w}. Nobody was hurt. The road was closed for {a} hours, and the cause is not known.",
        "A warehouse fire near {t} took {b} firefighters and closed the road for {a} hours; nobody was hurt.",
    ),
    (
        "Schools in {t} start {a} minutes later from next term. A trial with {b} pupils found better attendance and fewer accidents on the way. Parents were told on {w}; bus times change as well.",
        "Schools in {t} will begin {a} minutes later after a trial with {b} pupils improved attendance.",
    ),
    (
        "The energy cooperative of {t} has put {b} solar panels on the roof of the market hall. It expects to earn its cost back in {a} years. On {w} the mayor switched the plant on.",
        "{t}'s cooperative put {b} solar panels on the market hall and expects payback in {a} years.",
    ),
    (
        "Volunteers removed {b} kilograms of rubbish from the river at {t} on {w}. Most of it was packaging. The group has met for {a} years and asks for more bins along the path.",
        "Volunteers took {b} kilograms of rubbish from the river at {t} and ask for more bins.",
    ),
    (
        "The old cinema of {t} was sold for {b} thousand. The new owners promise films again within {a} months, and concerts on {w}s. Neighbours had collected signatures against a hotel.",
        "{t}'s old cinema was sold and will show films again within {a} months, not become a hotel.",
    ),
];

/// An article with its summary.
pub(super) fn row(draw: &mut Draw) -> Value {
    let (story, summary) = draw.pick(&STORIES);
    let (town, weekday) = (draw.pick(&TOWNS), draw.pick(&WEEKDAYS));
    let (a, b) = (draw.number(2, 30).to_string(), draw.number(35, 900).to_string());
    let fill = |text: &str| {
        text.replace("{t}", town).replace("{w}", weekday).replace("{a}", &a).replace("{b}", &b)
    };
    example(SYSTEM, &fill(story), &fill(summary))
}
