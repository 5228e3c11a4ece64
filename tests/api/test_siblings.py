"""`Api`'s reads of images, networks and block storage, which the guide only refers to."""

from __future__ import annotations

import pytest

import toastnb as tn
from toastnb.api import Api


def test_images_come_from_all_pages_once(api: Api, sandbox: tn.Sandbox) -> None:
    before = len(api.images())
    sandbox.reset()
    stopped = next(i.id for i in api.instances() if i.status == "STOP")
    uploaded = [api.upload_image(stopped, f"golden-{number}").id for number in range(105)]
    ids = [image.id for image in api.images()]
    assert len(ids) == len(set(ids)) == before + 105
    assert ids[-105:] == uploaded
    assert sandbox.calls["GET images"] == (before + 105) // 100 + 2


@pytest.mark.parametrize("includes_marker", [False, True])
def test_images_end_at_a_page_that_brings_nothing_new(api: Api, sandbox: tn.Sandbox, includes_marker: bool) -> None:
    first = '{"header": {"isSuccessful": true, "resultCode": 0}, "images": [{"id": "a"}, {"id": "b"}]}'
    last = first.replace('{"id": "a"}, ', "") if includes_marker else first.replace('{"id": "a"}, {"id": "b"}', "")
    sandbox.fault("GET images", "body", body=first)
    sandbox.fault("GET images", "body", body=last)
    assert [image.id for image in api.images()] == ["a", "b"]
    assert sandbox.calls["GET images"] == 2


def test_image(api: Api) -> None:
    image = next(i for i in api.images() if i.name == "Windows 2019 STD (KO)")
    assert (image.status, image.disk_format, image.min_disk, image.min_ram) == ("active", "qcow2", 50, 2048)
    assert (image.is_public, image.protected) == (True, True)
    assert (image.properties.os_type, image.properties.os_distro) == ("windows", "windows")
    assert image.size > 0
    assert image.created_at == image.updated_at == "2019-03-04T01:00:00.000000"


def test_networks_and_subnets(api: Api) -> None:
    networks = {network.name: network for network in api.networks()}
    assert networks["Public Network"].external is True
    default = networks["Default Network"]
    assert (default.status, default.admin_state_up, default.external) == ("ACTIVE", True, False)
    subnets = {subnet.id: subnet for subnet in api.subnets()}
    (subnet,) = (subnets[id_] for id_ in default.subnets)
    assert (subnet.network_id, subnet.cidr, subnet.gateway_ip) == (
        default.id,
        "192.168.0.0/24",
        "192.168.0.1",
    )
    assert (subnet.enable_dhcp, subnet.ip_version) == (True, 4)


def test_security_groups_with_their_rules(api: Api) -> None:
    groups = {group.name: group for group in api.security_groups()}
    web = groups["web"]
    egress, http, https = web.security_group_rules
    assert (egress.direction, egress.protocol, egress.port_range_min, egress.port_range_max) == (
        "egress",
        None,
        None,
        None,
    )
    assert (http.direction, http.ethertype, http.protocol) == ("ingress", "IPv4", "tcp")
    assert (http.port_range_min, http.port_range_max, http.remote_ip_prefix) == (80, 80, "0.0.0.0/0")
    assert {rule.security_group_id for rule in (egress, http, https)} == {web.id}
    default = groups["default"]
    assert {rule.remote_group_id for rule in default.security_group_rules} == {None, default.id}


def test_floating_ips(api: Api) -> None:
    floating_ips = {f.floating_ip_address: f for f in api.floating_ips()}
    used = {
        address.floating_ip_address: address.ip_address
        for instance in api.instances_detail()
        for address in instance.addresses
        if address.floating_ip_address
    }
    assert used
    for address, floating_ip in floating_ips.items():
        assert floating_ip.fixed_ip_address == used.get(address)
        assert floating_ip.status == ("ACTIVE" if address in used else "DOWN")
        assert floating_ip.pool.name == "Public Network"


def test_volumes(api: Api) -> None:
    attached = {v.id: i.id for i in api.instances_detail() for v in i.volumes.attachments}
    volumes = list(api.volumes())
    assert {v.id: v.attachments[0].instance_id for v in volumes if v.attachments} == attached
    for volume in volumes:
        assert volume.status == ("in-use" if volume.id in attached else "available")
        assert volume.size % 10 == 0
        assert volume.availability_zone
        assert volume.volume_type in {"General HDD", "General SSD"}
        assert volume.created_at
