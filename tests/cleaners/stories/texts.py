"""Events in our own words, each as several papers tell it, and one that goes on for weeks."""

from __future__ import annotations

from cleaners.stories import StoriesConfig, read_terms
from cleaners.stories.terms import UInt32s

FERRY = (
    (
        "Ferry Aurora runs aground off Lindholm with 212 aboard",
        "The passenger ferry Aurora ran aground on rocks off the island of Lindholm early on Tuesday with 212 people aboard. "
        "The coast guard said that everyone was taken off by lifeboats before noon and that nobody was badly hurt. Captain Ines "
        "Halvorsen told investigators that the steering had failed twenty minutes after the ship left Marstad. Divers will look "
        "for leaks in the hull, and the operator Nordlink cancelled all sailings to Lindholm until Friday.",
    ),
    (
        "Passengers rescued after Lindholm ferry hits rocks",
        "Lifeboats rescued more than two hundred passengers from the ferry Aurora, which hit rocks near Lindholm on Tuesday "
        "morning. Rescuers spoke of calm seas and good luck: only a few people had bruises. The ship, owned by Nordlink, had sailed "
        "from Marstad shortly before. Its captain, Ines Halvorsen, reported that the rudder no longer answered. The coast guard "
        "is watching for oil from the hull.",
    ),
    (
        "Steering failure blamed for grounding of the Aurora",
        "A failure of the steering is the likely cause of the grounding of the Aurora, the accident board said on Wednesday. The "
        "Nordlink ferry struck rocks off Lindholm on Tuesday with 212 passengers and crew, all of whom were saved by lifeboats. "
        "Captain Ines Halvorsen has been questioned. Sailings from Marstad to Lindholm stay cancelled, and divers found a leak.",
    ),
)
BANK = (
    (
        "Central bank of Valdoria lifts rates to 6.5 percent",
        "The central bank of Valdoria raised its key interest rate by half a point to 6.5 percent on Thursday, more than economists "
        "had expected. Governor Tomas Brecht said inflation of 9 percent left the bank no choice. The crown rose against the euro "
        "after the decision. Mortgage lenders said that home loans would become dearer within weeks.",
    ),
    (
        "Brecht surprises markets with half-point rise",
        "Valdoria's central bank surprised markets on Thursday with a half-point rise that takes its key interest rate to 6.5 "
        "percent. Inflation is too high, governor Tomas Brecht told reporters. The crown gained on the euro, and bond yields jumped. "
        "Most economists had expected a quarter point. Holders of mortgages will pay more soon.",
    ),
)
MUSEUM = (
    (
        "Stolen Vermeulen painting found in a barn",
        "A painting by Cornelis Vermeulen that was stolen from the Oostkerk museum nine years ago has been found in a barn near "
        "Haldern, police said on Monday. A farmer came upon the canvas behind bales of straw. Curators said the portrait of a "
        "lace maker is hardly damaged. Two men have been arrested.",
    ),
    (
        "Farmer finds missing portrait behind straw",
        "Police in Haldern have recovered the portrait of a lace maker by Cornelis Vermeulen, missing since a burglary at the "
        "Oostkerk museum nine years ago. It stood behind straw in a farmer's barn. Two suspects are under arrest, and curators "
        "called the canvas nearly unharmed.",
    ),
)
CYCLING = (
    (
        "Marchetti wins the mountain stage in the rain",
        "Luca Marchetti won the longest mountain stage of the tour on Saturday, riding alone over the last climb in heavy rain. The "
        "Italian took the leader's jersey from Joost Daems, who lost four minutes after a fall. Marchetti's team had kept the pace "
        "high all day.",
    ),
    (
        "Daems falls, Marchetti takes the jersey",
        "A fall in the rain cost Joost Daems the leader's jersey on Saturday, as Luca Marchetti rode away on the last climb and won "
        "the tour's longest mountain stage. Daems lost four minutes. Marchetti thanked his team for the pace.",
    ),
)
# A trial of weeks: one story, a new event each week.
TRIAL = (
    (
        "Trial of former mayor Karel Dvorsky opens in Brenna",
        "The trial of Karel Dvorsky, the former mayor of Brenna, opened on Monday. Prosecutors accuse Dvorsky of taking bribes from "
        "the builder Stavmont for the new tram depot. He denies it. Judge Olga Wenzel read the charges for two hours.",
    ),
    (
        "Stavmont manager testifies against Dvorsky",
        "A manager of the builder Stavmont testified on Tuesday in the trial of former Brenna mayor Karel Dvorsky. He said he had "
        "carried bribes for the tram depot to Dvorsky's house in a violin case. Judge Olga Wenzel asked him twice whether he was sure.",
    ),
    (
        "Judge Wenzel finds Dvorsky guilty of bribery",
        "Judge Olga Wenzel found Karel Dvorsky, former mayor of Brenna, guilty on Monday of taking bribes from the builder Stavmont "
        "for the tram depot. Dvorsky was sentenced to six years. His lawyers will appeal.",
    ),
)
EVENTS = {"ferry": FERRY, "bank": BANK, "museum": MUSEUM, "cycling": CYCLING}


def terms_of(title: str | None, text: str, config: StoriesConfig) -> UInt32s:
    """The terms of one article."""
    return read_terms([title], [text], config).values
