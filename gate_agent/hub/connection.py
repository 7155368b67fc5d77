"""One MQTT connection, from CONNECT to its loss; never used a second time.

Everything in here follows from what the client library does on its own and must not: keep and
resend messages published while disconnected (a new client for each connection has nothing to
resend), queue without bound, reconnect by itself, wait for Nagle's algorithm, and lose its
network thread to an exception in a callback (callbacks here only pass on what happened).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gate_agent.files import read_bounded
from gate_agent.hub.errors import HubError, HubRefused, HubUnreachable
from gate_agent.hub.settings import HubSettings
from gate_agent.hub.topics import Topic

_SLACK = 32  # messages besides records: heartbeats, answers, presence
_CLOSE_GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class Connected:
    """CONNACK. `refusal` is empty when the broker accepted."""

    refusal: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is gone."""

    reason: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """SUBACK. `refusal` is empty when every subscription was granted."""

    refusal: str


@dataclass(frozen=True, slots=True)
class Published:
    """PUBACK. With MQTT 5 only this says that a message was denied (`refusal`)."""

    refusal: str


@dataclass(frozen=True, slots=True)
class Received:
    """A message. `payload` is None when it was larger than allowed and was dropped."""

    topic: str
    payload: bytes | None


Happening: TypeAlias = Connected | Disconnected | Subscribed | Published | Received


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says about us when the connection breaks."""

    topic: str
    payload: bytes


class Connection:
    """Blocking ``open`` and ``close`` for worker threads; the rest never blocks.

    `happened` is called on the network thread and must not raise.
    """

    def __init__(
        self,
        settings: HubSettings,
        client_id: str,
        will: Will,
        happened: Callable[[Happening], None],
        *,
        version5: bool,
    ) -> None:
        self._settings = settings
        self._version5 = version5
        self._happened = happened
        self._turn = threading.Lock()
        self._started = False
        self._client = self._make_client(client_id, will)

    def _make_client(self, client_id: str, will: Will) -> mqtt.Client:
        settings = self._settings
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if self._version5 else True,
            protocol=MQTTProtocolVersion.MQTTv5 if self._version5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = settings.connect_timeout_s
        client.max_inflight_messages_set(settings.window + _SLACK)
        client.max_queued_messages_set(settings.window + _SLACK)
        client.will_set(will.topic, will.payload, qos=1, retain=True)
        if settings.username:
            client.username_pw_set(settings.username, self._password())
        if settings.ca_file is not None:
            self._use_tls(client)
        client.on_socket_open = _no_delay
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _password(self) -> str | None:
        path = self._settings.password_file
        if path is None:
            return None
        try:
            return read_bounded(path, 4096, HubError, field="hub.password_file").decode().strip()
        except UnicodeDecodeError as error:
            raise HubError("is not UTF-8 text", field="hub.password_file") from error

    def _use_tls(self, client: mqtt.Client) -> None:
        settings = self._settings
        try:
            context = ssl.create_default_context(cafile=settings.ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if settings.cert_file is not None:
                context.load_cert_chain(settings.cert_file, settings.key_file)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            advice = "check ca_file, cert_file and key_file"
            raise HubError(f"TLS cannot be set up: {error}", field="hub.ca_file", advice=advice) from error
        cast(Any, client).tls_set_context(context)  # the library leaves its parameter untyped

    def open(self) -> None:
        """Connect and start the network thread; ``Connected`` follows. Raises HubUnreachable."""
        settings = self._settings
        with self._turn:
            try:
                if self._version5:
                    properties = Properties(PacketTypes.CONNECT)
                    properties.MaximumPacketSize = 2 * settings.max_message_bytes
                    properties.ReceiveMaximum = 64
                    self._client.connect(
                        settings.host,
                        settings.port,
                        settings.keepalive_s,
                        clean_start=True,
                        properties=properties,
                    )
                else:
                    self._client.connect(settings.host, settings.port, settings.keepalive_s)
            except (OSError, ValueError) as error:
                where = f"{settings.host}:{settings.port}"
                what = f"no connection to {where}: {error}"
                raise HubUnreachable(what, field="hub.host", advice="is the broker running?") from error
            self._client.loop_start()
            self._started = True

    def subscribe(self, topics: Sequence[tuple[str, int]]) -> None:
        """Ask for topics with their QoS; ``Subscribed`` follows."""
        wanted: Any = list(topics)
        if self._version5:
            wanted = [(topic, SubscribeOptions(qos=qos)) for topic, qos in topics]
        code, _ = self._client.subscribe(wanted)
        if code != mqtt.MQTT_ERR_SUCCESS:
            raise HubUnreachable(mqtt.error_string(code), field="hub")

    def publish(self, topic: Topic, station: str, payload: bytes, correlation: str = "") -> None:
        """Hand one message to the network thread. Raises HubUnreachable, and then it is not sent."""
        properties = None
        if self._version5:
            properties = Properties(PacketTypes.PUBLISH)
            properties.ContentType = "application/cloudevents+json"
            if correlation:
                properties.CorrelationData = correlation.encode()
        info = self._client.publish(
            topic.of(station), payload, qos=topic.qos, retain=topic.retained, properties=properties
        )
        if info.rc != mqtt.MQTT_ERR_SUCCESS:
            raise HubUnreachable(mqtt.error_string(info.rc), field="hub")

    def close(self) -> None:
        """Say goodbye, or cut the line after a moment; the network thread has ended on return."""
        with self._turn:
            self._client.disconnect()
            until = time.monotonic() + _CLOSE_GRACE_S
            while self._client.socket() is not None and time.monotonic() < until:
                time.sleep(0.01)
            line = cast(socket.socket | None, self._client.socket())
            if line is not None:
                # A frozen broker: without this the network thread waits for room to write.
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
            if self._started:
                self._client.loop_stop()

    # ------------------------------------------------------------ on the network thread

    def _on_connect(self, _c: mqtt.Client, _u: object, _f: object, code: ReasonCode, _p: object) -> None:
        self._happened(Connected(str(code) if code.is_failure else ""))

    def _on_disconnect(self, _c: mqtt.Client, _u: object, _f: object, code: ReasonCode, _p: object) -> None:
        self._happened(Disconnected(str(code)))

    def _on_subscribe(
        self, _c: mqtt.Client, _u: object, _mid: int, codes: list[ReasonCode], _p: object
    ) -> None:
        self._happened(Subscribed(", ".join(str(code) for code in codes if code.is_failure)))

    def _on_publish(self, _c: mqtt.Client, _u: object, _mid: int, code: ReasonCode, _p: object) -> None:
        self._happened(Published(str(code) if code.is_failure else ""))

    def _on_message(self, _c: mqtt.Client, _u: object, message: mqtt.MQTTMessage) -> None:
        fits = len(message.payload) <= self._settings.max_message_bytes
        self._happened(Received(message.topic, bytes(message.payload) if fits else None))


def _no_delay(_client: mqtt.Client, _userdata: object, line: Any) -> None:
    # Without it a small message waits for the delayed ACK of the one before: 88 ms instead of 0.3.
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def refuse(happening: Connected | Subscribed | Published, station: str) -> None:
    """Raise HubRefused when the broker did not accept something."""
    if not happening.refusal:
        return
    what = {Connected: "the connection", Subscribed: "a subscription", Published: "a message"}[
        type(happening)
    ]
    advice = f"check user, certificate and access list at the broker for station {station}"
    raise HubRefused(f"the broker refused {what}: {happening.refusal}", field="hub", advice=advice)
