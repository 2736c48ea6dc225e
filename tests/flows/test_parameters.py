"""Parameters of flows: one model says the same as the signature that Prefect reads."""

from inspect import signature
from typing import get_type_hints

from aepipe.flows.parameters.run import RunParameters
from aepipe.flows.pipeline import pipeline


def test_the_parameters_of_a_run_are_those_of_the_flow():
    types = get_type_hints(RunParameters, include_extras=True)
    in_one_model = {name: (types[name], field.get_default()) for name, field in RunParameters.model_fields.items()}
    of_the_flow = signature(pipeline.fn).parameters
    assert in_one_model == {name: (parameter.annotation, parameter.default) for name, parameter in of_the_flow.items()}
    assert list(in_one_model) == list(of_the_flow)
