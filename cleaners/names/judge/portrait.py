"""Two people that may be one, each as the texts show him: a suspect in his text, an expected one in his witnesses.

Takes a scene, a name and its texts, gives what is compared: clauses, offices, company. Each is laid out once: a suspect may stand
for several expected ones, and most suspects of one expected name have the same witnesses.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import compress

from cleaners.names.judge.clauses import Clauses
from cleaners.names.judge.forms import Form
from cleaners.names.judge.introduction import read_introduction
from cleaners.names.judge.scene import Scene
from cleaners.names.judge.vectors import Numbers, TextVectors
from cleaners.names.lexicon.relate import Key

MAX_PLACES = 3  # mentions of one person in one text whose surroundings are looked at


class Sketch:
    """A suspect as his text shows him.

    Args:
        scene: the batch.
        article_id: his text; one of the scene's evidence that was read.
        form: his name.
        vectors: of this text among others.
    """

    def __init__(self, scene: Scene, article_id: str, form: Form, vectors: TextVectors) -> None:
        evidence, in_text = scene.evidence, scene.names_in(article_id)
        self._weights, self._vectors = evidence.word_weights, vectors
        self.names = words_of(form.key)
        self.places = in_text.places.get(form.key, [])
        around = [evidence.around(place) for place in self.places[:MAX_PLACES]]
        self.capitalised = frozenset[str]().union(*(each.capitalised for each in around)) - self.names
        self.beside = frozenset[str]().union(*(each.beside for each in around)) - self.names
        self.introduction = read_introduction(evidence.text(article_id), self.places, form.key[1])
        self.roles = scene.roles.get((article_id, form.key), set())
        self.kin = {key for key in in_text.people if key[1] == form.key[1]} - {form.key}
        self._words = frozenset[str]().union(*(each.words for each in around)) - self.names
        self._measured = self._measure(self._words)

    def _measure(self, words: frozenset[str]) -> tuple[list[float], float, Numbers]:
        weights = [self._weights[word] for word in words]
        return weights, math.fsum(weights), self._vectors.number(words)

    def cover(self, witnesses: Sequence[str], names: frozenset[str]) -> float:
        """Share of the words around the name, by weight, that some texts hold anywhere; 0 without words.

        Args:
            witnesses: the texts.
            names: words of another name, which are left out.
        """
        is_apart = self._words.isdisjoint(names)
        weights, total, numbers = self._measured if is_apart else self._measure(self._words - names)
        if not weights:
            return 0.0
        is_bare = ~self._vectors.are_held(numbers, witnesses)
        return 1.0 - math.fsum(compress(weights, is_bare.tolist())) / total


class Portrait:
    """An expected person by his witnesses.

    Args:
        scene: the batch.
        expected: the person's name.
        witnesses: texts that hold it; those of the scene's evidence that were read.
    """

    def __init__(self, scene: Scene, expected: Form, witnesses: tuple[str, ...]) -> None:
        self._scene = scene
        self.names = words_of(expected.key)
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


def words_of(key: Key) -> frozenset[str]:
    """The words of a name."""
    return frozenset(word for part in key for word in part.split())
