"""Types of arrays for signatures: `Float32[np.ndarray, "num_images height width channels"]` names its axes.

To whoever runs or checks the package such a type is the array alone. The tests put jaxtyping's types of the same names
in their place, which check at every call that axes of one name are of one length.
"""

from typing import Annotated as Float
from typing import Annotated as Float32
from typing import Annotated as Float64
from typing import Annotated as Int
from typing import Annotated as Real
from typing import Annotated as UInt8

__all__ = ["Float", "Float32", "Float64", "Int", "Real", "UInt8"]
