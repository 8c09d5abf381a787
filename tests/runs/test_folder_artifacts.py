import pytest

from app.runs.encoding import inner_name


@pytest.mark.parametrize(
    "name", ["README.md", "unet/diffusion_pytorch_model.safetensors", "scheduler/scheduler_config.json"]
)
def test_a_plain_name_inside_a_folder_artifact_stays_as_other_programs_expect_it(name):
    assert inner_name(name) == name


@pytest.mark.parametrize(
    "name", ["../up.json", "/etc/x.json", "a/../b", ".hidden", "a//b", "C:\\x", "x\n.md", "a/b/c/d/e", ""]
)
def test_any_other_name_becomes_a_slug_in_the_folder(name):
    made = inner_name(name)
    assert "/" not in made and "\\" not in made and not made.startswith(".") and made
