"""A person as the texts that bear witness show him: clauses, offices, company.

Takes a scene, an expected name and its witnesses, gives what is compared with every suspect text. Laid out once, since most of the
suspects of one expected name have the same witnesses.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from cleaners.names.judge.clauses import Clauses
from cleaners.names.judge.forms import Form
from cleaners.names.judge.scene import Scene
from cleaners.names.lexicon.relate import Key

MAX_PLACES = 3  # mentions of one person in one text whose surroundings are looked at


class Portrait:
    """An expected person by his witnesses.

    Args:
        scene: the batch.
        expected: the person's name.
        witnesses: texts that hold it; those of the scene's evidence that were read.
    """

    def __init__(self, scene: Scene, expected: Form, witnesses: tuple[str, ...]) -> None:
        self._scene = scene
        in_texts = [scene.names_in(text) for text in witnesses]
        places = [place for names in in_texts for place in names.places.get(expected.key, [])[:MAX_PLACES]]
        self.clauses = Clauses([scene.evidence.around(place) for place in places], scene.evidence.word_weights)
        self.roles = {role for text in witnesses for role in scene.roles.get((text, expected.key), ())}
        self.roles.update(expected.authority_roles)
        self._texts_of: dict[Key, list[int]] = {}  # people named in the witnesses, by their numbers
        for number, names in enumerate(in_texts):
            for key in names.people:
                self._texts_of.setdefault(key, []).append(number)

    def share_people(self, people: Iterable[Key], surnames: frozenset[str]) -> float:
        """Measure how much a text shares with a witness of the other people they name; one named in few texts counts for more.

        Args:
            people: full names in the text.
            surnames: of the two names compared, which are left out.

        Returns:
            The largest sum over the witnesses, 0 where there is none.
        """
        n = len(self._scene.cluster_of) + 1
        sums: dict[int, float] = {}
        for key in people:
            texts = self._texts_of.get(key)
            if texts is not None and key[1] not in surnames:
                rarity = max(math.log(n / (self._scene.forms[key].support + 1)), 0.0)
                for text in texts:
                    sums[text] = sums.get(text, 0.0) + rarity
        return max(sums.values(), default=0.0)
