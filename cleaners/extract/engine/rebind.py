"""A function with other names in place of its module's: takes one of a library's, gives the same code with a part exchanged.

Nothing of the library is copied, and nothing of it changes for others who call it.
"""

from collections.abc import Callable
from types import FunctionType
from typing import TypeVar, cast

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., object])


def rebind(function: AnyFunction, **names: object) -> AnyFunction:
    """Bind some of the global names that a function reads to other objects.

    Args:
        function: written in Python; it stays as it is.
        names: what each name shall mean.

    Raises:
        AttributeError: the function's module has no such name: the library is of another version.
    """
    old = cast("FunctionType", function)
    for name in names:
        if name not in old.__globals__:
            raise AttributeError(f"{old.__module__}.{old.__name__} reads no {name}")
    new = FunctionType(old.__code__, {**old.__globals__, **names}, old.__name__, old.__defaults__, old.__closure__)
    new.__kwdefaults__ = old.__kwdefaults__
    return cast("AnyFunction", new)
