"""The whole job for one data set that changes, as an entry of the operator's own file says.

prefect deployment run nightly/photos
"""

from aepipe.flows.pipeline import pipeline

# A flow of its own, so that each entry is nightly/NAME among the deployments, and not one more of the pipeline's.
nightly = pipeline.with_options(name="nightly")
